#!/usr/bin/env bash
# Holds /metrics of a running daemon against Prometheus' own tools: `promtool check metrics` (Debian package
# prometheus) and the parser of the Python client library; and its numbers against what was asked of the daemon.
#   metrics.sh            starts daemon and simulated exchange, on ports of the system's choice, and ends them
#   metrics.sh PORT       looks at the daemon that listens there, and asks it some harmless questions
# Takes the binaries in HYNOUS_BIN, else release ones, else debug ones. promtool is taken from the PATH or unpacked
# from the package into .build (20 MB fetched, nothing installed: the package would start a server).
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ -z "${HYNOUS_BIN:-}" ]; then
  for HYNOUS_BIN in "$PWD/.build/release" "$PWD/.build/debug"; do [ -x "$HYNOUS_BIN/hynous-sim" ] && break; done
fi
export HYNOUS_BIN
folder=$PWD/.build/promtool
if ! command -v promtool >/dev/null; then
  if [ ! -x "$folder/usr/bin/promtool" ]; then
    mkdir -p "$folder"
    if ! (cd "$folder" && rm -f ./*.deb && apt-get download -qq prometheus 2>/dev/null); then
      sudo=
      [ "$(id -u)" -eq 0 ] || sudo=sudo
      $sudo apt-get update -qq
      (cd "$folder" && apt-get download -qq prometheus)
    fi
    dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb | tar x -C "$folder" ./usr/bin/promtool
    rm -f "$folder"/*.deb
  fi
  PATH=$folder/usr/bin:$PATH
fi
. Tests/Contract/python.sh
contract_python prometheus-client==0.26.0 || {
  echo "metrics: no Python client library (it needs python3-venv and a package index)" >&2
  exit 1
}
exec "$python" -uB Tests/Conformance/metrics.py "$@"
