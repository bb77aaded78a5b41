#!/usr/bin/env bash
# Runs the tests marked `core` with the lowest and with the newest versions that setup.cfg declares: the ranges are those
# that this proves. An environment of some gigabytes each, made in a folder of its own and kept for the next time.
#   tools/test_versions.sh [lowest|newest]...     (both)
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${ARTTL_VERSIONS:-${TMPDIR:-/tmp}/arttl-versions}"

requirements() { # those of setup.cfg, with each lower bound as the version itself or as it is
  awk '/^install_requires =/ { inside = 1; next } /^[^ ]/ { inside = 0 } inside && NF' setup.cfg |
    if [ "$1" = lowest ]; then sed 's/>=/==/; s/ //g'; else sed 's/ //g'; fi
}

for which in "${@:-lowest newest}"; do
  for name in $which; do
    python="$folder/$name/bin/python"
    [ -x "$python" ] || python3 -m venv "$folder/$name"
    requirements "$name" > "$folder/$name.txt"
    "$python" -m pip install -q -U -r "$folder/$name.txt" 'pytest>=8' 'hypothesis>=6.100' 'nbformat>=5' 'ipython>=8'
    printf '\n%s: %s\n' "$name" "$("$python" -m pip list --format freeze | grep -iE '^(keras|tensorflow|numpy|pandas|jinja2)==' | xargs)"
    "$python" -m pytest -p no:cacheprovider -W ignore -q -m core
  done
done
