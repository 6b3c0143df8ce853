# Memory: resident size idle, and with 500 coins, an hour of windows at 500 trades/s and 100,000 addresses.
bench_memory() {
  echo; echo "== memory   (resident size, static release build)"
  start_pair --trades-per-second 5
  sleep 15   # the start-up code is let go after ten seconds
  local idle full
  idle=$(rss "$DAEMON")
  stop_pair
  # The bench process carries the same Core and counts what the hour adds; the rest of the daemon is the idle one.
  full=$("$BENCH" memory --coins 500 --trades-per-second 500 --addresses 100000 | tee "$WORK/memory.last" | field growth_mib)
  full=$(awk -v a="$idle" -v b="$full" 'BEGIN {printf "%.1f", a + b}')
  printf 'idle, following the exchange              %6.1f MiB   bar 22: %s\n' "$idle" "$(verdict "$idle" '<=' 22)"
  printf '500 coins, 1 h at 500/s, 100,000 accounts %6.1f MiB   bar 64: %s\n' "$full" "$(verdict "$full" '<=' 64)"
  cat "$WORK/memory.last"
  RESULTS+=("memory $(field checksum <"$WORK/memory.last")")
}
rss() { awk '/^VmRSS/ {printf "%.1f", $2/1024}' "/proc/$1/status"; }
