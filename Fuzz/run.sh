#!/usr/bin/env bash
# Runs every fuzz target (or those named) for SECONDS each, AddressSanitizer on:  Fuzz/run.sh SECONDS [target …]
# Starts from Fuzz/Corpus/<target>; a crash lands in Fuzz/Crashes/<target> and stays there as a test for ever.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
shift || true
swift build -j 2 -c release --sanitize=fuzzer --sanitize=address -Xswiftc -sanitize=fuzzer,address 2>&1 | tail -1
fuzzer=.build/release/hynous-fuzz
targets=${*:-$(sed -n 's/.*FuzzTarget("\([a-z0-9-]*\)").*/\1/p' Targets/*.swift | sort)}
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:handle_segv=1
failed=0
# Two targets at a time: one per core.
run_one() {
  local target=$1 work
  work=$(mktemp -d)
  mkdir -p "Corpus/$target" "Crashes/$target"
  if HYNOUS_FUZZ_TARGET=$target "$fuzzer" "$work" "Corpus/$target" -max_total_time="$seconds" -timeout=10 \
    -rss_limit_mb=2048 -artifact_prefix="Crashes/$target/" $(dictionary "$target") >"$work.log" 2>&1; then
    echo "fuzz: $target $(grep -a -o 'Done [0-9]* runs' "$work.log" | tail -1) $(grep -a -o 'cov: [0-9]*' "$work.log" | tail -1)"
    [ -n "${KEEP:-}" ] && HYNOUS_FUZZ_TARGET=$target "$fuzzer" -merge=1 "Corpus/$target" "$work" >/dev/null 2>&1
    rmdir "Crashes/$target" 2>/dev/null || true  # stays when it holds an old crash
    rm -rf "$work" "$work.log"
    return 0
  fi
  tail -40 "$work.log"
  echo "fuzz: $target FAILED; repeat with: HYNOUS_FUZZ_TARGET=$target Fuzz/$fuzzer Fuzz/Crashes/$target/*" >&2
  return 1
}
dictionary() { [ -f "Dict/$1.dict" ] && echo "-dict=Dict/$1.dict" || true; }
pids=()
for target in $targets; do
  run_one "$target" &
  pids+=($!)
  if [ ${#pids[@]} -ge 2 ]; then
    wait "${pids[0]}" || failed=1
    pids=("${pids[@]:1}")
  fi
done
for pid in "${pids[@]}"; do wait "$pid" || failed=1; done
exit $failed
