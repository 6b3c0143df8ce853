#!/usr/bin/env bash
# No memory is lost: the release daemon under valgrind, on the simulated exchange, with clients, writes and an orderly stop.
#   Tests/Resources/leaks.sh [BIN]          BIN is .build/release; needs valgrind and curl; a minute; PORT (8157), PORT+1
# Holds when nothing is definitely lost and nothing is read or written that is not the daemon's. Not counted:
#   constants (functions ending in `_WZ` make each once, for ever: the pointers to some lie in enums whose spare bits
#   are used, which valgrind does not see through); values called uninitialised (compilers copy enums with their padding).
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=${1:-.build/release} port=${PORT:-8157}
work=$(mktemp -d)
daemon= sim=
finish() {
  for pid in $daemon $sim; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $daemon $sim; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap finish EXIT
cat >"$work/constants.supp" <<'SUPP'
{
  constants
  Memcheck:Leak
  match-leak-kinds: definite,possible
  ...
  fun:*_WZ
  ...
}
SUPP
: >"$work/defaults.yaml"
"$bin/hynous-sim" --port $((port + 1)) --trades-per-second 50 --accounts 300 >"$work/sim.log" 2>&1 &
sim=$!
HYNOUS_HYPERLIQUID_REST_URL=http://127.0.0.1:$((port + 1)) HYNOUS_HYPERLIQUID_WS_URL=ws://127.0.0.1:$((port + 1))/ws \
  HYNOUS_SERVER_PORT=$port HYNOUS_DB_PATH=$work/storage/leaks.db HYNOUS_L2_SUBSCRIBER_ENABLED=true \
  valgrind --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite --undef-value-errors=no \
  --suppressions="$work/constants.supp" --error-exitcode=66 --num-callers=40 --log-file="$work/valgrind.log" \
  "$bin/hynous-data" run --config "$work/defaults.yaml" >"$work/daemon.log" 2>&1 &
daemon=$!
for _ in $(seq 120); do curl -fs -m 2 -o /dev/null "http://127.0.0.1:$port/health" && break; sleep 0.5; done
for round in $(seq 8); do
  address=$(printf '0x%040x' $((round + 1000)))
  curl -s -m 5 -o /dev/null -H 'content-type: application/json' -d "{\"address\":\"$address\",\"label\":\"a\"}" \
    "http://127.0.0.1:$port/v1/smart-money/watch" || true
  for path in orderflow/BTC heatmap/BTC "whales/ETH?top_n=50" stats coins book/BTC hlp/positions liquidations \
    "smart-money/wallet/$address" smart-money/changes nothing; do
    curl -s -m 5 -o /dev/null --compressed "http://127.0.0.1:$port/v1/$path" || true
  done
  curl -s -m 0.05 -o /dev/null "http://127.0.0.1:$port/openapi.json" || true
  if [ "$round" = 4 ]; then kill -HUP "$daemon"; fi
  sleep 3
done
kill -TERM "$daemon"
status=0
wait "$daemon" || status=$?
daemon=
tail -n 1 "$work/daemon.log"
grep -E "definitely lost:|suppressed:|ERROR SUMMARY" "$work/valgrind.log" | sed 's/^==[0-9]*== *//'
if [ "$status" != 0 ]; then
  grep -A20 -m3 -E "Invalid|definitely lost in" "$work/valgrind.log" >&2 || true
  echo "leaks: exit status $status" >&2
  exit 1
fi
echo "leaks: none"
