# Heatmap: all coins' maps from a snapshot of the table, beside a plain C loop bucketing the same positions; and the
# longest step of the loop while a snapshot is held.
bench_heatmap() {
  echo; echo "== heatmap"
  local positions repeats c s step
  for positions in 100000 1000000; do
    repeats=$((20000000 / positions))
    : >"$WORK/c" && : >"$WORK/swift" && : >"$WORK/step"
    for _ in $(seq "$ROUNDS"); do
      $SERVER "$WORK/bucket_positions" "$positions" 200 "$repeats" | tee "$WORK/c.last" | field ns_per_position >>"$WORK/c"
      $SERVER "$BENCH" heatmap "$positions" 200 "$repeats" | tee "$WORK/swift.last" | field ns_per_position >>"$WORK/swift"
      field longest_step_us <"$WORK/swift.last" >>"$WORK/step"
    done
    c=$(median <"$WORK/c") s=$(median <"$WORK/swift") step=$(sort -g "$WORK/step" | tail -1)
    printf '%7d positions, 200 coins: plain C %6.2f ns/position\n' "$positions" "$c"
    printf '        heatmap job              %6.2f ns/position   %s x C   bar 0.8: %s\n' "$s" "$(ratio "$c" "$s")" "$(verdict "$(ratio "$c" "$s")" '>=' 0.8)"
    printf '        longest step meanwhile   %6.2f ms            bar 5: %s;   %s bytes/position\n' "$(ratio "$step" 1000)" "$(verdict "$step" '<=' 5000)" "$(field bytes_per_position <"$WORK/swift.last")"
    [ "$(field checksum <"$WORK/c.last")" = "$(field checksum <"$WORK/swift.last")" ] || echo "bench: the maps differ" >&2
    RESULTS+=("heatmap $positions $(field checksum <"$WORK/swift.last")")
  done
}
