#!/usr/bin/env bash
# The whole test suite, and the daemon under load, with ThreadSanitizer or AddressSanitizer (leaks included).
#   Tests/Resources/sanitize.sh thread|address [FILTER]
# What: builds everything with the sanitizer (a scratch path of its own), runs the tests (those matching FILTER, or all) and
# those of the programs, then the daemon on the simulated exchange for a minute of HTTP load, writes and a reload, and stops
# it in order. Holds when no test fails and nothing reports a race or a bad access, nor, with `address`, the tests a leak.
# (Programs are not asked for leaks: what main holds while it exits would be one. leaks.sh looks at the daemon.)
# Why a minute of load, too: pool, mailbox, storage and jobs meet the loop's thread only in the whole program.
# Takes some 20 minutes and 3 GB of disk. PORT (8155) and PORT+1 are used. Needs wrk (deploy/setup.sh bench).
set -euo pipefail
cd "$(dirname "$0")/../.."
kind=${1:-} filter=${2:-}
case $kind in thread | address) ;; *) sed -n '2,3p' "$0" >&2; exit 2 ;; esac
port=${PORT:-8155}
scratch=${SCRATCH:-.build/sanitize-$kind}
work=$(mktemp -d)
daemon= sim=
finish() {
  for pid in $daemon $sim; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $daemon $sim; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
# A report must fail the test that made it, and be found in the daemon's words; a crash must not wait for a debugger.
export SWIFT_BACKTRACE=enable=no
export TSAN_OPTIONS="halt_on_error=0 exitcode=66 report_signal_unsafe=0"
export ASAN_OPTIONS="exitcode=66 detect_leaks=0"
# Swift marks references to globals made at first use in bits where the leak checker does not look for pointers.
echo "leak:_WZ" >"$work/globals"
export LSAN_OPTIONS="suppressions=$work/globals"

# Modules optimised (Package.swift): the simulated worlds are hours long.
export HYNOUS_OPTIMISE=1

echo "== build ($kind)"
nice -n 10 swift build -j "${JOBS:-2}" --build-tests --sanitize="$kind" --scratch-path "$scratch"

echo "== tests ${filter:-(all)}"
run() { nice -n 10 swift test -j "${JOBS:-2}" --skip-build --disable-xctest --sanitize="$kind" --scratch-path "$scratch" "$@"; }
ASAN_OPTIONS="exitcode=66 detect_leaks=1" run --filter "${filter:-.}" --skip ProgramTests 2>&1 | tee "$work/tests.log"
run --filter ProgramTests 2>&1 | tee -a "$work/tests.log"
grep -q "Test run with [1-9]" "$work/tests.log" || { echo "sanitize: no test was run" >&2; exit 1; }

echo "== a minute of load"
bin=$scratch/debug
: >"$work/defaults.yaml"
"$bin/hynous-sim" --port $((port + 1)) --trades-per-second 200 --accounts 500 >"$work/sim.log" 2>&1 &
sim=$!
until grep -qs ready "$work/sim.log"; do kill -0 "$sim"; sleep 0.2; done
HYNOUS_HYPERLIQUID_REST_URL=http://127.0.0.1:$((port + 1)) HYNOUS_HYPERLIQUID_WS_URL=ws://127.0.0.1:$((port + 1))/ws \
  HYNOUS_SERVER_PORT=$port HYNOUS_DB_PATH=$work/storage/san.db HYNOUS_L2_SUBSCRIBER_ENABLED=true \
  HYNOUS_RUNTIME_WORKER_THREADS=4 HYNOUS_HEATMAP_RECOMPUTE_INTERVAL=1 \
  "$bin/hynous-data" run --config "$work/defaults.yaml" >"$work/daemon.log" 2>&1 &
daemon=$!
for _ in $(seq 600); do
  curl -fs "http://127.0.0.1:$port/v1/stats" | grep -q '"total_trades":[1-9]' && break
  sleep 0.2
done
wrk -t 1 -c 32 -d 60 "http://127.0.0.1:$port/v1/orderflow/BTC" >"$work/wrk.log" &
load=$!
for round in $(seq 50); do
  address=$(printf '0x%040x' $((round + 1000)))
  curl -s -o /dev/null -H 'content-type: application/json' \
    -d "{\"address\":\"$address\",\"label\":\"a\"}" "http://127.0.0.1:$port/v1/smart-money/watch" || true
  for path in heatmap/BTC "whales/ETH?top_n=50" smart-money coins book/BTC hlp/positions liquidations \
    "smart-money/wallet/$address" smart-money/changes; do
    curl -s -o /dev/null --compressed "http://127.0.0.1:$port/v1/$path" || true
  done
  [ "$round" != 25 ] || kill -HUP "$daemon"
done
wait "$load"
kill -TERM "$daemon"
status=0
wait "$daemon" || status=$?
daemon=
kill -TERM "$sim"
wait "$sim" || status=$?
sim=
grep -E "Requests/sec|Socket errors" "$work/wrk.log" || true
if grep -hE "ThreadSanitizer|AddressSanitizer|LeakSanitizer" "$work"/*.log; then
  cat "$work/daemon.log" "$work/sim.log" | grep -A30 -m3 -E "WARNING: Thread|ERROR: " >&2 || true
  echo "sanitize: reports found" >&2
  exit 1
fi
[ "$status" = 0 ] || { tail -5 "$work/daemon.log" >&2; echo "sanitize: exit status $status" >&2; exit 1; }
echo "sanitize: $kind is clean"
