#!/usr/bin/env bash
# Every measurement of the daemon beside its yardstick, in one run. Ratios are the result: each pair is measured in
# turn (A B A B …) on the same pinned cores and the medians are compared. Times belong to this machine and moment.
#
#   ROUNDS=5 Tests/Bench/run.sh [ingest] [read] [answers] [memory] [start] [store] [heatmap] [profile]      (default: all)
set -euo pipefail
cd "$(dirname "$0")/../.."
source Tests/Bench/lib.sh
parts=${*:-ingest read answers memory start store heatmap profile}

header
build_yardsticks
for part in $parts; do
  source "Tests/Bench/$part.sh"
  "bench_$part"
done
footer
