#!/usr/bin/env bash
# One stripped binary (Swift runtime inside) with its configuration and papers in dist/*.tar.gz.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$(.build/release/hynous-data version | awk '{print $2}')
name="hynous-data-$version-linux-$(uname -m)"
rm -rf "dist/$name"
mkdir -p "dist/$name"
install -m 755 .build/release/hynous-data "dist/$name/"
strip "dist/$name/hynous-data"
cp -r config README.md CHANGELOG.md deploy/hynous-data.service deploy/install.sh "dist/$name/"
tar -C dist -czf "dist/$name.tar.gz" "$name"
ls -l "dist/$name/hynous-data" "dist/$name.tar.gz"
