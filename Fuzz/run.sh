#!/usr/bin/env bash
# Runs every fuzz target (or those named) for SECONDS each, AddressSanitizer on, one per core at a time:
#   Fuzz/run.sh SECONDS [target …]
# Starts from Fuzz/Corpus/<target> and prints a line per target: runs a second, edges covered, inputs kept, outcome.
# A failing input lands in Fuzz/Crashes/<target>, is named, and stays there as a test for ever.
# FUZZ_SEED=N makes the runs draw alike: the gate is to fail for what changed, not by luck.
# KEEP=1 adds what was found to the corpora: the fewest inputs that reach everything reached (and the named seeds).
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-60}
shift || true
scratch=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$scratch"' EXIT
# -assert-config Debug: a failed check says which; without the last -sanitize there is no feedback.
if ! swift build -j 2 -c release -Xswiftc -assert-config -Xswiftc Debug --sanitize=fuzzer --sanitize=address \
  -Xswiftc -sanitize=fuzzer,address >"$scratch/build.log" 2>&1; then
  tail -30 "$scratch/build.log"
  exit 1
fi
fuzzer=.build/release/hynous-fuzz
targets=${*:-$(sed -n 's/.*FuzzTarget("\([a-z0-9-]*\)").*/\1/p' Targets/*.swift Driver/*.swift | sort)}
# A crash would otherwise hang in Swift's backtracer.
export SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0:handle_segv=1

# The number behind a word of libFuzzer's log, the last one said.
said() { grep -a -o "$2[ :]*[0-9]*" "$1" | tail -1 | grep -o '[0-9]*$' || echo '?'; }

run_one() {
  local target=$1 found="$scratch/$1" log="$scratch/$1.log" before after result=ok
  local options=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1)
  mkdir -p "$found" "Corpus/$target" "Crashes/$target"
  [ -z "${FUZZ_SEED:-}" ] || options+=(-seed="$FUZZ_SEED")
  [ -f "Dict/$target.dict" ] && options+=(-dict="Dict/$target.dict")
  before=$(ls "Crashes/$target")
  HYNOUS_FUZZ_TARGET=$target "$fuzzer" "$found" "Corpus/$target" "${options[@]}" \
    -artifact_prefix="Crashes/$target/" >"$log" 2>&1 || result=FAILED
  printf 'fuzz: %-18s %8s runs/s  cov %6s  corpus %5s  %s\n' "$target" \
    "$(said "$log" 'stat::average_exec_per_sec')" "$(said "$log" 'cov')" "$(said "$log" 'corp')" "$result"
  if [ "$result" = ok ]; then
    [ -z "${KEEP:-}" ] || keep "$target" "$found"
    rmdir "Crashes/$target" 2>/dev/null || true # stays when it holds an old crash
    return 0
  fi
  tail -40 "$log" >&2
  after=$(comm -13 <(echo "$before") <(ls "Crashes/$target"))
  for file in ${after:-nothing}; do
    echo "fuzz: $target: repeat with: HYNOUS_FUZZ_TARGET=$target Fuzz/$fuzzer Fuzz/Crashes/$target/$file" >&2
  done
  return 1
}

# The smallest set of inputs that covers every edge; seeds with names of their own stay whatever they cover.
keep() {
  local merged="$scratch/$1.merged"
  mkdir "$merged"
  HYNOUS_FUZZ_TARGET=$1 "$fuzzer" -merge=1 -use_counters=0 -set_cover_merge=1 "$merged" "Corpus/$1" "$2" \
    >/dev/null 2>&1 || return 0
  find "Corpus/$1" -type f | grep -E '/[0-9a-f]{40}$' | xargs -r rm -f
  for input in "$merged"/*; do
    find "Corpus/$1" -type f -exec cmp -s {} "$input" \; -print | grep -q . || cp "$input" "Corpus/$1/"
  done
}

failed=0
running=0
for target in $targets; do
  if [ "$running" -ge "${JOBS:-$(nproc)}" ]; then
    wait -n || failed=1
    running=$((running - 1))
  fi
  run_one "$target" &
  running=$((running + 1))
done
while [ "$running" -gt 0 ]; do
  wait -n || failed=1
  running=$((running - 1))
done
exit $failed
