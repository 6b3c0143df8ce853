# Start: from exec to the first 200 on /health, no exchange reachable.
bench_start() {
  echo; echo "== start"
  : >"$WORK/start"
  for _ in $(seq "$ROUNDS"); do
    rm -rf "$WORK/start-db"
    "$BENCH" start "$BIN/hynous-data" "$WORK/start-db/start.db" | field ms >>"$WORK/start"
  done
  local ms
  ms=$(median <"$WORK/start")
  printf 'exec to first 200 on /health  %6.1f ms   bar 50: %s\n' "$ms" "$(verdict "$ms" '<=' 50)"
}
