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
  o=$(column ours 1) s=$(column static 1) m=$(column memory 1)
  printf '%-34s %9s %9s %9s %9s\n' '' requests/s 'p99 us' 'p99.9 us' 'max us'
  printf '%-34s %9.0f %9.0f %9.0f %9.0f\n' 'hynous-data' "$o" "$(column ours 2)" "$(column ours 3)" "$(column ours 4)"
  printf '%-34s %9.0f %9.0f %9.0f %9.0f   %s x   bar 1.2: %s\n' 'nginx static file' "$s" "$(column static 2)" \
    "$(column static 3)" "$(column static 4)" "$(ratio "$o" "$s")" "$(verdict "$(ratio "$o" "$s")" '>=' 1.2)"
  printf '%-34s %9.0f %9.0f %9.0f %9.0f   %s x   bar 0.85: %s\n' 'nginx return' "$m" "$(column memory 2)" \
    "$(column memory 3)" "$(column memory 4)" "$(ratio "$o" "$m")" "$(verdict "$(ratio "$o" "$m")" '>=' 0.85)"
  printf '%-34s %9.0f %9.0f %9.0f %9.0f\n' 'hynous-data, 2000 trades/s flowing' $(cat "$WORK/busy")
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
