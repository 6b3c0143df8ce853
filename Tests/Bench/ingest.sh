# Ingest: bytes of trades frames → decoded → de-duplicated → windows and address book, beside simdjson On-Demand
# extracting the same fields. One core each, the same file of frames.
bench_ingest() {
  echo; echo "== ingest"
  "$BENCH" frames "$WORK/frames.ndjson" --coins 500 --trades 400000
  : >"$WORK/simdjson" && : >"$WORK/decode" && : >"$WORK/ingest"
  local out
  for _ in $(seq "$ROUNDS"); do
    $SERVER "$WORK/trades_extract" "$WORK/frames.ndjson" 5 | tee "$WORK/simdjson.last" | field trades_per_s >>"$WORK/simdjson"
    $SERVER "$BENCH" decode "$WORK/frames.ndjson" --repeats 5 | tee "$WORK/decode.last" | field trades_per_s >>"$WORK/decode"
    $SERVER "$BENCH" ingest "$WORK/frames.ndjson" | tee "$WORK/ingest.last" | field trades_per_s >>"$WORK/ingest"
  done
  local s d i
  s=$(median <"$WORK/simdjson") d=$(median <"$WORK/decode") i=$(median <"$WORK/ingest")
  printf 'simdjson On-Demand, extraction only  %12.0f trades/s\n' "$s"
  printf 'decode (exact decimals, addresses)   %12.0f trades/s   %s x simdjson   bar 1.0: %s\n' "$d" "$(ratio "$d" "$s")" "$(verdict "$(ratio "$d" "$s")" '>=' 1.0)"
  printf 'ingest (decode to windows and book)  %12.0f trades/s   %s x simdjson   bar 0.6: %s\n' "$i" "$(ratio "$i" "$s")" "$(verdict "$(ratio "$i" "$s")" '>=' 0.6)"
  allocations
  out=$(field checksum <"$WORK/decode.last")
  [ "$out" = "$(field checksum <"$WORK/simdjson.last")" ] || echo "bench: decode and simdjson disagree on the data" >&2
  RESULTS+=("decode $out" "ingest $(field checksum <"$WORK/ingest.last")")
}

# Heap allocations per trade in steady state: what the second half of the frames adds to the first.
allocations() {
  gcc -O2 -shared -fPIC -o "$WORK/malloc_count.so" Tests/Bench/malloc_count.c
  local frames half all trades
  frames=$(wc -l <"$WORK/frames.ndjson")
  half=$(LD_PRELOAD=$WORK/malloc_count.so "$BENCH" ingest "$WORK/frames.ndjson" --frames $((frames / 2)) 2>&1 | tee "$WORK/half.last" | field allocations)
  all=$(LD_PRELOAD=$WORK/malloc_count.so "$BENCH" ingest "$WORK/frames.ndjson" 2>&1 | tee "$WORK/all.last" | field allocations)
  trades=$(($(field trades <"$WORK/all.last") - $(field trades <"$WORK/half.last")))
  printf 'heap allocations, second half of the file: %d for %d trades\n' $((all - half)) "$trades"
}
