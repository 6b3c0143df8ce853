# Store: rows a second beside plain C programs with the same rows, SQL and pragmas; what a restart reads of a busy
# week's file; how long slices of its upkeep hold the writer.
bench_store() {
  echo; echo "== store"
  gcc -O2 -o "$WORK/insert_polls" Tests/Bench/sqlite/insert_polls.c -lsqlite3
  beside_c "accounts seen, batches of 1,000" insert_rows store-rows 200000 100000 1000
  beside_c "polls: 2 positions, 1 equity  " insert_polls store-polls 100000 20000 300
  store_world
}

# beside_c WHAT C_PROGRAM COMMAND ARGS…
beside_c() {
  local what=$1 program=$2 command=$3 c s
  shift 3
  : >"$WORK/c" && : >"$WORK/swift"
  for _ in $(seq "$ROUNDS"); do
    rm -f "$WORK"/rows-*
    $SERVER "$WORK/$program" "$WORK/rows-c.db" "$@" | tee "$WORK/c.last" | field rows_per_s >>"$WORK/c"
    $SERVER "$BENCH" "$command" "$WORK/rows-swift.db" "$@" | tee "$WORK/swift.last" | field rows_per_s >>"$WORK/swift"
  done
  c=$(median <"$WORK/c") s=$(median <"$WORK/swift")
  printf '%s   plain C %7.0f rows/s   store module %7.0f rows/s   %s x C   bar 0.8: %s\n' \
    "$what" "$c" "$s" "$(ratio "$s" "$c")" "$(verdict "$(ratio "$s" "$c")" '>=' 0.8)"
  [ "$(field checksum <"$WORK/c.last")" = "$(field checksum <"$WORK/swift.last")" ] || echo "bench: the two files differ" >&2
  RESULTS+=("$command $(field checksum <"$WORK/swift.last")")
}

# 100,000 accounts, 200,000 positions, 20,000 profiles, 5,000,000 equity snapshots, a week of vault polls (900 MB).
store_world() {
  local file=$WORK/world.db at ms
  at=$(date +%s)
  "$BENCH" store-world fill "$file" --at "$at"
  : >"$WORK/warm" && : >"$WORK/answer"
  for _ in $(seq "$ROUNDS"); do
    "$BENCH" store-world warm "$file" --at "$at" | tee "$WORK/warm.last" | field ms >>"$WORK/warm"
    "$BENCH" start "$BIN/hynous-data" "$file" --expect '"positions_tracked":200000' | field ms >>"$WORK/answer"
  done
  printf 'warm start, the file read        %6.0f ms\n' "$(median <"$WORK/warm")"
  ms=$(median <"$WORK/answer")
  printf 'exec to first right answer       %6.0f ms   bar 1500: %s\n' "$ms" "$(verdict "$ms" '<=' 1500)"
  "$BENCH" store-world sweep "$file" --at "$at" --hours 3 >"$WORK/sweep.last"
  ms=$(field max_ms <"$WORK/sweep.last")
  printf 'upkeep, longest slice of %s  %6.1f ms   bar 50: %s\n' \
    "$(field slices <"$WORK/sweep.last")" "$ms" "$(verdict "$ms" '<=' 50)"
  tr ' ' '\n' <"$WORK/sweep.last" | sed 's/^/  /'
  RESULTS+=("world $(field checksum <"$WORK/warm.last")")
}
