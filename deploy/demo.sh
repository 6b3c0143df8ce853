#!/usr/bin/env bash
# The daemon against hynous-sim on this machine: demo.sh SIM_PORT PORT. Ctrl-C stops both.
set -euo pipefail
cd "$(dirname "$0")/.."
sim_port=$1 port=$2
bin=.build/release
folder=$(mktemp -d)
sim= daemon=
finish() {
  trap - EXIT INT TERM
  status=$?
  for pid in $daemon $sim; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in $daemon $sim; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$folder"
  echo "demo: both stopped"
  exit "${1:-$status}"
}
trap 'finish 0' INT TERM
trap finish EXIT
# A market that moves, and an exchange that allows ten times what the real one does, so that nobody has to wait for a look.
"$bin/hynous-sim" --port "$sim_port" --history-seconds 3600 --volatility 4 --weight-per-min 12000 &
sim=$!
for _ in $(seq 100); do
  curl -fs "http://127.0.0.1:$sim_port/" >/dev/null 2>&1 && break
  kill -0 "$sim" 2>/dev/null || { echo "demo: the simulated exchange ended" >&2; exit 1; }
  sleep 0.1
done
HYNOUS_HYPERLIQUID_REST_URL="http://127.0.0.1:$sim_port" \
  HYNOUS_HYPERLIQUID_WS_URL="ws://127.0.0.1:$sim_port/ws" \
  HYNOUS_RATE_LIMIT_MAX_WEIGHT_PER_MIN=12000 HYNOUS_DB_PATH="$folder/demo.db" HYNOUS_SERVER_PORT="$port" HYNOUS_L2_SUBSCRIBER_ENABLED=true \
  "$bin/hynous-data" run --config config/default.yaml &
daemon=$!
for _ in $(seq 100); do
  curl -fs "http://127.0.0.1:$port/health" >/dev/null 2>&1 && break
  kill -0 "$daemon" 2>/dev/null || { echo "demo: the daemon ended" >&2; exit 1; }
  kill -0 "$sim" 2>/dev/null || { echo "demo: the simulated exchange ended" >&2; exit 1; }
  sleep 0.1
done
cat <<EOF

  The daemon follows a simulated exchange (http://127.0.0.1:$sim_port). Try:
    curl -s http://127.0.0.1:$port/v1/orderflow/BTC
    curl -s http://127.0.0.1:$port/v1/heatmap/BTC
    curl -s http://127.0.0.1:$port/v1/whales/BTC?top_n=5
    curl -s http://127.0.0.1:$port/v1/smart-money?top_n=5
    curl -s http://127.0.0.1:$port/v1/coins
    http://127.0.0.1:$port/docs   every route, readable in a browser
  Ctrl-C stops both.

EOF
# The largest positions of some coins are watched, so that there are changes to see.
for coin in BTC ETH SOL; do
  for _ in $(seq 100); do
    addresses=$(curl -fs "http://127.0.0.1:$port/v1/whales/$coin?top_n=3" | grep -o '"address":"0x[0-9a-f]*"' || true)
    [ -n "$addresses" ] && break
    sleep 0.2
  done
  for address in $(cut -d'"' -f4 <<<"$addresses"); do
    curl -fs -o /dev/null -H 'content-type: application/json' -d "{\"address\":\"$address\",\"label\":\"$coin whale\"}" \
      "http://127.0.0.1:$port/v1/smart-money/watch" || true
  done
done
wait -n "$daemon" "$sim" || true
