#!/usr/bin/env bash
# Holds our OpenAPI document, and every kept answer, against public validators (openapi-spec-validator, jsonschema).
# The document is the kept answer of /openapi.json, which the golden tests hold against the code.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Tests/Contract/python.sh
if ! contract_python openapi-spec-validator==0.7.2; then
  echo "SKIPPED: no public OpenAPI validator (it needs python3-venv and a package index)" >&2
  [ -z "${CI:-}" ] || exit 1
  exit 0
fi
exec "$python" Tests/Contract/openapi.py Tests/Golden
