#!/usr/bin/env bash
# Installs the Debian packages a purpose needs, if any is missing: setup.sh build|test|bench
set -euo pipefail
packages=(libuv1-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev libyaml-dev zlib1g-dev pkg-config ca-certificates)
case "${1:-build}" in
build) packages+=(openssl curl) ;;
test) packages+=(openssl curl wrk nghttp2-client python3 python3-venv) ;;
bench) packages+=(libsimdjson-dev g++ nginx-light wrk curl) ;;
*) echo "usage: setup.sh build|test|bench" >&2; exit 2 ;;
esac
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0
command -v apt-get >/dev/null || { echo "setup: install these packages: ${missing[*]}" >&2; exit 1; }
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo
echo "setup: installing ${missing[*]}"
$sudo env DEBIAN_FRONTEND=noninteractive apt-get update -qq
$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
