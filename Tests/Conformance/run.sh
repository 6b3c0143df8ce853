#!/usr/bin/env bash
# Holds the daemon and the simulated exchange against programs written by others: curl, wrk, h2load, Python's
# http.client, requests, h11, websockets and wsproto, as clients and as servers; and against a table of smuggled requests.
#   run.sh [--quick] [--part NAME]... [--verbose] [--schemathesis]
# --quick is what the gate runs, under a minute; --schemathesis adds Tests/Contract/schemathesis.sh, which the gate runs
# by itself.
# Prints a table of parts, cases and failures; exits 1 on any failure. Takes the binaries in HYNOUS_BIN, else release
# ones, else debug ones, else builds. Ports are the system's choice; everything started is ended.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${HYNOUS_BIN:-}" ]; then
  for HYNOUS_BIN in "$PWD/.build/release" "$PWD/.build/debug"; do
    [ -x "$HYNOUS_BIN/hynous-data" ] && [ -x "$HYNOUS_BIN/hynous-sim" ] && break
  done
  if [ ! -x "$HYNOUS_BIN/hynous-data" ] || [ ! -x "$HYNOUS_BIN/hynous-sim" ]; then
    deploy/setup.sh build
    swift build -j 2 --explicit-target-dependency-import-check error
  fi
fi
export HYNOUS_BIN
deploy/setup.sh test
. Tests/Contract/python.sh
if ! contract_python requests==2.34.2 websockets==17.4 wsproto==1.3.2 h11==0.16.0; then
  echo "SKIPPED: no clients to hold ours against (it needs python3-venv and a package index)" >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
also= arguments=()
for argument in "$@"; do
  if [ "$argument" = --schemathesis ]; then also=yes; else arguments+=("$argument"); fi
done
"$python" -uB Tests/Conformance/run.py "${arguments[@]}"
[ -z "$also" ] || exec Tests/Contract/schemathesis.sh
