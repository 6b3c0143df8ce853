#!/usr/bin/env bash
# Line coverage of Sources/Wire and Sources/Hyperliquid by the tests and the fuzz corpora together:
#   Fuzz/coverage.sh [--lines]
# Runs the tests that speak for these modules, the replay of every corpus and crash among them, in a build of their own
# (.build-coverage); prints a line per file and the totals, with --lines also every line nobody reached; fails below 95 %.
set -euo pipefail
cd "$(dirname "$0")/.."
export COVERAGE_MIN=${COVERAGE_MIN:-95}
scratch=${COVERAGE_SCRATCH:-.build-coverage}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
flags=(-j "${JOBS:-2}" --scratch-path "$scratch" --enable-code-coverage --disable-xctest)
if ! swift test "${flags[@]}" --filter '^(WireTests|HyperliquidTests|CoreTests|FuzzReplayTests)\.' >"$log" 2>&1; then
  grep -E 'error:|✘' "$log" | head -40 || tail -40 "$log"
  exit 1
fi
grep -E 'Test run with [1-9]' "$log" || { echo "coverage: no test ran" >&2; exit 1; }
json=$(swift test --scratch-path "$scratch" --show-codecov-path)
if [ "${1:-}" = --lines ]; then
  # The tools of the compiler's own version: others cannot read its profiles.
  tools=$(dirname "$(readlink -f "$(command -v swift)")")
  binary=$(find "$(dirname "$json")/.." -maxdepth 1 -name '*PackageTests.xctest' | head -1)
  "$tools/llvm-cov" show -instr-profile "$(dirname "$json")/default.profdata" "$binary" \
    "$PWD/Sources/Wire" "$PWD/Sources/Hyperliquid" |
    awk '/^\/.*swift:$/ { file = $0; sub(/.*\/Sources\//, "", file) } /^ +[0-9]+\| +0\|/ { print file $0 }'
fi
python3 - "$json" <<'PYTHON'
import json, os, sys

minimum = float(os.environ["COVERAGE_MIN"])
files = json.load(open(sys.argv[1]))["data"][0]["files"]
failed = False
totals = []
for module in ("Wire", "Hyperliquid"):
    part = f"/Sources/{module}/"
    rows = sorted((f["filename"].split(part)[1], f["summary"]["lines"]) for f in files if part in f["filename"])
    covered = sum(lines["covered"] for _, lines in rows)
    count = sum(lines["count"] for _, lines in rows)
    for name, lines in rows:
        if lines["count"]:
            print(f"{module + '/' + name:55} {lines['covered']:5} of {lines['count']:5}  {lines['percent']:6.2f} %")
        if lines["count"] and not lines["covered"]:
            print(f"coverage: {module}/{name} is never reached", file=sys.stderr)
            failed = True
    percent = 100 * covered / max(1, count)
    failed |= not count or percent < minimum
    totals.append(f"coverage: {module:12} {covered:5} of {count:5} lines  {percent:6.2f} %  (bar {minimum:g} %)")
print("\n".join(totals))
sys.exit(failed)
PYTHON
