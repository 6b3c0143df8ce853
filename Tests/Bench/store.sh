# Store: upserts of accounts in batches of 1,000, beside a plain C program doing the same with the same pragmas.
bench_store() {
  echo; echo "== store"
  : >"$WORK/c" && : >"$WORK/swift"
  for _ in $(seq "$ROUNDS"); do
    rm -f "$WORK"/rows-*
    $SERVER "$WORK/insert_rows" "$WORK/rows-c.db" 200000 100000 1000 | tee "$WORK/c.last" | field rows_per_s >>"$WORK/c"
    $SERVER "$BENCH" store-rows "$WORK/rows-swift.db" 200000 100000 1000 | tee "$WORK/swift.last" | field rows_per_s >>"$WORK/swift"
  done
  local c s
  c=$(median <"$WORK/c") s=$(median <"$WORK/swift")
  printf 'plain C, same rows and pragmas  %9.0f rows/s\n' "$c"
  printf 'store module                    %9.0f rows/s   %s x C   bar 0.8: %s\n' "$s" "$(ratio "$s" "$c")" "$(verdict "$(ratio "$s" "$c")" '>=' 0.8)"
  printf 'warm start reads                %9.0f accounts/s\n' "$(field loads_per_s <"$WORK/swift.last")"
  [ "$(field checksum <"$WORK/c.last")" = "$(field checksum <"$WORK/swift.last")" ] || echo "bench: the two files differ" >&2
  RESULTS+=("store $(field checksum <"$WORK/swift.last")")
}
