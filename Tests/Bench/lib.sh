# Helpers of run.sh: pinning, medians, the report. Sourced, not run.
ROUNDS=${ROUNDS:-5}
SERVER_CORE=${SERVER_CORE:-0}
CLIENT_CORE=${CLIENT_CORE:-1}
WORK=$(mktemp -d)
BIN=$PWD/.build/release
BENCH=$BIN/hynous-bench
PIDS=()
RESULTS=()

cleanup() {
  for pid in ${PIDS[@]+"${PIDS[@]}"}; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in ${PIDS[@]+"${PIDS[@]}"}; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$WORK"
}
trap cleanup EXIT

header() {
  echo "hynous-data bench   $(date -u +%Y-%m-%dT%H:%MZ)   commit $(git rev-parse --short HEAD 2>/dev/null || echo none)"
  echo "machine: $(nproc) cores, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r)"
  echo "rounds: $ROUNDS, medians; server on core $SERVER_CORE, client on core $CLIENT_CORE"
}

footer() {
  echo
  echo "result hash: $(printf '%s\n' ${RESULTS[@]+"${RESULTS[@]}"} | sha256sum | cut -c1-16)  (of the computed results, not of the times)"
}

build_yardsticks() {
  g++ -O3 -DNDEBUG -std=c++17 -o "$WORK/trades_extract" Tests/Bench/simdjson/trades_extract.cpp -lsimdjson
  g++ -O3 -DNDEBUG -std=c++17 -o "$WORK/fills_extract" Tests/Bench/simdjson/fills_extract.cpp -lsimdjson
  gcc -O2 -o "$WORK/insert_rows" Tests/Bench/sqlite/insert_rows.c -lsqlite3
  gcc -O2 -o "$WORK/bucket_positions" Tests/Bench/heatmap/bucket_positions.c
}

# column FILE N: the median of a file's Nth column; median: of the numbers on standard input
column() { cut -d' ' -f"$2" "$WORK/$1" | median; }
median() { sort -g | awk '{v[NR]=$1} END {if (NR) print (NR%2) ? v[(NR+1)/2] : (v[NR/2]+v[NR/2+1])/2}'; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a/b}'; }
# verdict VALUE >=|<= BAR
verdict() { awk -v v="$1" -v op="$2" -v bar="$3" 'BEGIN {ok = op == ">=" ? v >= bar : v <= bar; print ok ? "meets" : "MISSES"}'; }
# field NAME of a `name=value …` line on standard input
field() { tr ' ' '\n' | sed -n "s/^$1=//p"; }
# prefixes that pin a command; not functions, so that a spawned process is the command itself
SERVER="taskset -c $SERVER_CORE"
CLIENT="taskset -c $CLIENT_CORE"

# start a process in the background, remembered for cleanup; its words go to a file, never into our own pipe
spawn() { "$@" >>"$WORK/programs.log" 2>&1 & PIDS+=($!); LAST=$!; }
stop() { kill -TERM "$1" 2>/dev/null || true; wait "$1" 2>/dev/null || true; }
await_url() {
  for _ in $(seq 200); do curl -fs -o /dev/null "$1" && return 0; sleep 0.05; done
  echo "bench: $1 never answered" >&2
  return 1
}

# the daemon on a simulated exchange: daemon SIM_ARGS…  → ports 8391 (sim) and 8390 (API)
start_pair() {
  spawn $CLIENT "$BIN/hynous-sim" --port 8391 "$@"
  SIM=$LAST
  HYNOUS_HYPERLIQUID_REST_URL=http://127.0.0.1:8391 HYNOUS_HYPERLIQUID_WS_URL=ws://127.0.0.1:8391/ws \
    HYNOUS_DB_PATH="$WORK/db/bench.db" HYNOUS_SERVER_PORT=8390 \
    spawn $SERVER "$BIN/hynous-data" run --config config/default.yaml
  DAEMON=$LAST
  await_url http://127.0.0.1:8390/health
}
stop_pair() { stop "$DAEMON"; stop "$SIM"; }

# start_nginx URL: nginx beside the daemon, serving the files of $WORK/www and the bytes of URL from memory
start_nginx() {
  mkdir -p "$WORK/www" "$WORK/nginx"
  curl -s "$1" >"$WORK/www/orderflow.json"
  local body
  body=$(sed 's/\\/\\\\/g; s/'"'"'/\\'"'"'/g; s/\$/${dollar}/g' "$WORK/www/orderflow.json")
  sed -e "s|@WORK@|$WORK|g" Tests/Bench/nginx/nginx.conf >"$WORK/nginx.conf.head"
  awk -v body="$body" '{gsub(/@BODY@/, body)} 1' "$WORK/nginx.conf.head" >"$WORK/nginx.conf"
  spawn $SERVER nginx -p "$WORK/nginx" -c "$WORK/nginx.conf"
  NGINX=$LAST
  await_url http://127.0.0.1:8392/memory
}

# wrk_round URL NAME: appends "requests/s p99 p99.9 max" (microseconds) to $WORK/NAME
wrk_round() {
  $CLIENT wrk -t1 -c64 -d5s --latency -s Tests/Bench/wrk.lua "$1" | sed -n 's/^bench //p' >>"$WORK/$2"
}
