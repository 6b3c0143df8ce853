#!/usr/bin/env bash
# Asks the demo's daemon everything its OpenAPI document allows, and much that it does not (schemathesis), and fails
# on any 5xx and on any answer that is not as described: schemathesis.sh [EXAMPLES]. Needs `make build`.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Tests/Contract/python.sh
examples=${1:-30} sim_port=${SIM_PORT:-18200} port=${PORT:-18100}
if ! contract_python openapi-spec-validator==0.7.2 schemathesis==4.32.5; then
  echo "SKIPPED: no schemathesis (it needs python3-venv and a package index)" >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
# The demo has every component on; what is switched off answers 503, as it should.
deploy/demo.sh "$sim_port" "$port" >/dev/null &
demo=$!
trap 'kill -TERM $demo 2>/dev/null; wait $demo 2>/dev/null || true' EXIT
for _ in $(seq 300); do
  curl -fs "http://127.0.0.1:$port/health" 2>/dev/null | grep -q '"status":"ok"' && break
  kill -0 $demo 2>/dev/null || { echo "schemathesis: the demo ended" >&2; exit 1; }
  sleep 0.2
done
# The books come a little later than the trades; a book without data answers 503, as it should.
for _ in $(seq 100); do
  curl -fs "http://127.0.0.1:$port/v1/book/BTC" >/dev/null 2>&1 && break
  sleep 0.2
done
# /readyz may be 503 on a machine that is busy: that is its answer.
"$python" -m schemathesis.cli run "http://127.0.0.1:$port/openapi.json" --no-color --generation-deterministic \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,unsupported_method,allow_header_conformance \
  --exclude-path /readyz --phases examples,coverage,fuzzing,stateful --max-examples "$examples" --continue-on-failure
