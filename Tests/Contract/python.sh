# Sourced: makes `python` a Python with the packages given, each pinned, in a folder of the build's own.
# Answers 1 where there is no Python, no venv module or no package index.
contract_python() {
  local folder=.build/contract-python
  local mark="$folder/$(printf '%s ' "$@" | sha256sum | cut -c1-16)"
  python="$folder/bin/python"
  [ -e "$mark" ] && return 0
  command -v python3 >/dev/null || return 1
  python3 -m venv "$folder" 2>/dev/null || return 1
  "$python" -m pip install --quiet --disable-pip-version-check "$@" >&2 || return 1
  touch "$mark"
}
