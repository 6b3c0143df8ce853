# Reads: /v1/orderflow/BTC with full windows over 64 keep-alive connections, beside nginx (one worker, same core)
# serving a static file of the same size and answering the same bytes from memory.
bench_read() {
  echo; echo "== read   (wrk, 64 keep-alive connections, 5 s a round)"
  start_pair --trades-per-second 20 --history-seconds 3600
  await_windows
  local url=http://127.0.0.1:8390/v1/orderflow/BTC
  start_nginx "$url"
  : >"$WORK/ours" && : >"$WORK/static" && : >"$WORK/memory"
  for _ in $(seq "$ROUNDS"); do
    wrk_round "$url" ours
    wrk_round http://127.0.0.1:8392/orderflow.json static
    wrk_round http://127.0.0.1:8392/memory memory
  done
  stop_pair
  start_pair --trades-per-second 2000 --history-seconds 3600
  await_windows
  : >"$WORK/busy"
  wrk_round "$url" busy
  stop_pair
  stop "$NGINX"
  local o s m
  o=$(cut -d' ' -f1 "$WORK/ours" | median) s=$(cut -d' ' -f1 "$WORK/static" | median) m=$(cut -d' ' -f1 "$WORK/memory" | median)
  printf '%-34s %9s %12s %10s\n' '' requests/s 'p99 us' 'max us'
  printf '%-34s %9.0f %12s %10s\n' 'hynous-data' "$o" "$(cut -d' ' -f2 "$WORK/ours" | median)" "$(cut -d' ' -f3 "$WORK/ours" | median)"
  printf '%-34s %9.0f %12s %10s   %s x   bar 1.2: %s\n' 'nginx static file' "$s" "$(cut -d' ' -f2 "$WORK/static" | median)" "$(cut -d' ' -f3 "$WORK/static" | median)" "$(ratio "$o" "$s")" "$(verdict "$(ratio "$o" "$s")" '>=' 1.2)"
  printf '%-34s %9.0f %12s %10s   %s x   bar 0.85: %s\n' 'nginx return' "$m" "$(cut -d' ' -f2 "$WORK/memory" | median)" "$(cut -d' ' -f3 "$WORK/memory" | median)" "$(ratio "$o" "$m")" "$(verdict "$(ratio "$o" "$m")" '>=' 0.85)"
  read -r o s m <"$WORK/busy"
  printf '%-34s %9.0f %12s %10s\n' 'hynous-data, 2000 trades/s flowing' "$o" "$s" "$m"
}

# wait until the longest window of BTC counts something
await_windows() {
  for _ in $(seq 300); do
    curl -s http://127.0.0.1:8390/v1/orderflow/BTC | grep -q '"1h":{"window_seconds":3600,"buy_volume_usd":[1-9]' && return 0
    sleep 0.1
  done
  echo "bench: the windows never filled" >&2
  return 1
}
