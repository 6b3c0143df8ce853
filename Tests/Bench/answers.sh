# Answers about accounts: each route over 64 keep-alive connections beside nginx (one worker, same core) serving a static
# file of the same bytes; rankings also beside /health. While it is measured trades flow, accounts are polled, rows committed.
bench_answers() {
  echo; echo "== answers   (wrk, 64 keep-alive connections, 5 s a round; 2,000 trades/s and 10 polls/s flowing)"
  start_pair --trades-per-second 2000 --history-seconds 600 --accounts 3000
  await_answers
  local base=http://127.0.0.1:8390 wallet path name
  wallet=$(curl -s "$base/v1/smart-money?top_n=1" | grep -o '0x[0-9a-f]\{40\}' | head -1)
  # Profiled once; from then on it is answered from memory.
  for _ in $(seq 60); do
    curl -s "$base/v1/smart-money/wallet/$wallet" | grep -q '"profile_status":"ready"' && break
  done
  start_nginx "$base/v1/orderflow/BTC"
  printf '%-24s %8s %10s %8s %9s %9s %9s\n' '' bytes requests/s 'p99 us' 'p99.9 us' 'nginx' ratio
  for name in health heatmap whales smart-money wallet; do
    case $name in
    health) path=/health ;;
    heatmap) path=/v1/heatmap/BTC ;;
    whales) path=/v1/whales/BTC?top_n=50 ;;
    smart-money) path=/v1/smart-money ;;
    wallet) path=/v1/smart-money/wallet/$wallet ;;
    esac
    curl -s "$base$path" >"$WORK/www/$name.json"
    : >"$WORK/a.$name" && : >"$WORK/n.$name"
    for _ in $(seq "$ROUNDS"); do
      wrk_round "$base$path" "a.$name"
      wrk_round "http://127.0.0.1:8392/$name.json" "n.$name"
    done
    local ours theirs
    ours=$(column "a.$name" 1) theirs=$(column "n.$name" 1)
    local word=
    # /health is here only for the rankings to stand beside.
    [ "$name" = health ] || word="   bar 1.0: $(verdict "$(ratio "$ours" "$theirs")" '>=' 1.0)"
    printf '%-24s %8d %10.0f %8.0f %9.0f %9.0f %7s x%s\n' "$name" "$(stat -c %s "$WORK/www/$name.json")" "$ours" \
      "$(column "a.$name" 2)" "$(column "a.$name" 3)" "$theirs" "$(ratio "$ours" "$theirs")" "$word"
  done
  local h r
  h=$(column a.health 2) r=$(column a.smart-money 2)
  printf 'rankings p99 beside /health: %s x   bar 3: %s\n' "$(ratio "$r" "$h")" "$(verdict "$(ratio "$r" "$h")" '<=' 3)"
  curl -s "$base/v1/stats" | grep -o '"turn_p99_ms":[0-9.]*,"turn_max_ms":[0-9.]*'
  stop_pair
  stop "$NGINX"
}

# wait until rankings are there: accounts polled at least twice
await_answers() {
  for _ in $(seq 1200); do
    curl -s "http://127.0.0.1:8390/v1/smart-money" | grep -q '"count":50' && return 0
    sleep 0.1
  done
  echo "bench: no rankings" >&2
  return 1
}
