# Profile: 10,000 fills as five pages of bytes → trades and profile, beside simdjson On-Demand merely taking the same
# fields. Rankings: what a refresh costs the loop, and a look through all rows with a profile's filter.
bench_profile() {
  echo; echo "== profile"
  "$BENCH" profile-pages "$WORK/fills.ndjson" --pages 5 --rows 2000
  : >"$WORK/extract" && : >"$WORK/profile" && : >"$WORK/decode"
  local s p d sum
  for _ in $(seq "$ROUNDS"); do
    $SERVER "$WORK/fills_extract" "$WORK/fills.ndjson" 201 | tee "$WORK/extract.last" | field mb_per_s >>"$WORK/extract"
    $SERVER "$BENCH" profile "$WORK/fills.ndjson" --repeats 201 | tee "$WORK/profile.last" | field mb_per_s >>"$WORK/profile"
    field decode_mb_per_s <"$WORK/profile.last" >>"$WORK/decode"
  done
  s=$(median <"$WORK/extract") p=$(median <"$WORK/profile") d=$(median <"$WORK/decode")
  printf 'simdjson On-Demand, extraction only  %12.0f MB/s\n' "$s"
  printf 'decode alone (exact, hashes, coins)  %12.0f MB/s   %s x simdjson\n' "$d" "$(ratio "$d" "$s")"
  printf 'bytes to profile of 10,000 fills     %12.0f MB/s   %s x simdjson   bar 0.5: %s\n' "$p" "$(ratio "$p" "$s")" "$(verdict "$(ratio "$p" "$s")" '>=' 0.5)"
  sum=$(field checksum <"$WORK/profile.last")
  [ "$sum" = "$(field checksum <"$WORK/extract.last")" ] || echo "bench: profile and simdjson disagree on the data" >&2
  RESULTS+=("profile $sum $(field trades <"$WORK/profile.last") $(field drawdown <"$WORK/profile.last")")
  rankings 10000
  rankings 100000
}

# rankings ACCOUNTS: microseconds of one process each, medians over the rounds
rankings() {
  local what value
  : >"$WORK/rankings"
  for _ in $(seq "$ROUNDS"); do
    $SERVER "$BENCH" rankings --accounts "$1" | tee "$WORK/rankings.last" >>"$WORK/rankings"
  done
  printf 'rankings of %6d accounts:' "$1"
  for what in rebuild refresh burst iterate; do
    value=$(while read -r line; do field "${what}_us" <<<"$line"; done <"$WORK/rankings" | median)
    printf '  %s %.0f us' "$what" "$value"
  done
  echo
  RESULTS+=("rankings $1 $(field checksum <"$WORK/rankings.last")")
}
