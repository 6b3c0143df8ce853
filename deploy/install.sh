#!/usr/bin/env bash
# Installs the daemon: binary, configuration (an existing one stays) and systemd unit. install.sh [BINARY]
# PREFIX (/usr/local) is where the binary goes, DESTDIR a root to install into. Nothing is started.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here
[ -f "$root/config/default.yaml" ] || root=$(dirname "$here")
binary=${1:-$root/hynous-data}
prefix=${PREFIX:-/usr/local}
to=${DESTDIR:-}
[ -f "$binary" ] || { echo "install: no binary at $binary; build it first" >&2; exit 1; }
install -D -s -m 755 "$binary" "$to$prefix/bin/hynous-data"
install -D -m 644 "$root/config/default.yaml" "$to$prefix/share/hynous-data/default.yaml"
install -D -m 644 "$root/README.md" "$to$prefix/share/hynous-data/README.md"
config=$to/etc/hynous-data/config.yaml
[ -e "$config" ] || install -D -m 644 "$root/config/default.yaml" "$config"
unit=$to$prefix/lib/systemd/system/hynous-data.service
install -d "$(dirname "$unit")"
sed "s#@PREFIX@#$prefix#g" "$here/hynous-data.service" >"$unit"
chmod 644 "$unit"
cat <<TEXT
installed: $to$prefix/bin/hynous-data
           $config
           $unit
next:      systemctl daemon-reload && systemctl enable --now hynous-data
TEXT
