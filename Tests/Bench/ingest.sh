# Ingest: bytes of trades frames → decoded → de-duplicated → windows and address book, beside simdjson On-Demand
# extracting the same fields. One core each, the same file of frames.
bench_ingest() {
  echo; echo "== ingest"
  "$BENCH" frames "$WORK/frames.ndjson" --coins 500 --trades 400000
  : >"$WORK/simdjson" && : >"$WORK/decode" && : >"$WORK/ingest"
  local out
  for _ in $(seq "$ROUNDS"); do
    server "$WORK/trades_extract" "$WORK/frames.ndjson" 5 | tee "$WORK/simdjson.last" | field trades_per_s >>"$WORK/simdjson"
    server "$BENCH" decode "$WORK/frames.ndjson" --repeats 5 | tee "$WORK/decode.last" | field trades_per_s >>"$WORK/decode"
    server "$BENCH" ingest "$WORK/frames.ndjson" | tee "$WORK/ingest.last" | field trades_per_s >>"$WORK/ingest"
  done
  local s d i
  s=$(median <"$WORK/simdjson") d=$(median <"$WORK/decode") i=$(median <"$WORK/ingest")
  printf 'simdjson On-Demand, extraction only  %12.0f trades/s\n' "$s"
  printf 'decode (exact decimals, addresses)   %12.0f trades/s   %s x simdjson   bar 1.0: %s\n' "$d" "$(ratio "$d" "$s")" "$(verdict "$(ratio "$d" "$s")" '>=' 1.0)"
  printf 'ingest (decode to windows and book)  %12.0f trades/s   %s x simdjson   bar 0.6: %s\n' "$i" "$(ratio "$i" "$s")" "$(verdict "$(ratio "$i" "$s")" '>=' 0.6)"
  cat "$WORK/ingest.last"
  out=$(field checksum <"$WORK/decode.last")
  [ "$out" = "$(field checksum <"$WORK/simdjson.last")" ] || echo "bench: decode and simdjson disagree on the data" >&2
  RESULTS+=("decode $out" "ingest $(field checksum <"$WORK/ingest.last")")
}
