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
"$bin/hynous-sim" --port "$sim_port" --history-seconds 3600 &
sim=$!
HYNOUS_HYPERLIQUID_REST_URL="http://127.0.0.1:$sim_port" \
  HYNOUS_HYPERLIQUID_WS_URL="ws://127.0.0.1:$sim_port/ws" \
  HYNOUS_DB_PATH="$folder/demo.db" HYNOUS_SERVER_PORT="$port" HYNOUS_L2_SUBSCRIBER_ENABLED=true \
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
wait -n "$daemon" "$sim" || true
