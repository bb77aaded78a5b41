#!/usr/bin/env bash
# Runs the tests marked `core` with the lowest and with the newest versions that setup.cfg declares: the ranges are those
# that this proves. With jax or torch they are run, and README's example is, on that backend in an environment without
# TensorFlow, installed as README says. Environments of some gigabytes, in a folder of their own, kept for the next time.
#   tools/test_versions.sh [lowest|newest|jax|torch]...     (lowest and newest)
set -euo pipefail
cd "$(dirname "$0")/.."
folder="${ARTTL_VERSIONS:-${TMPDIR:-/tmp}/arttl-versions}"
needed=('pytest>=8' 'hypothesis>=6.100' 'markdown-it-py>=3' 'nbformat>=5' 'ipython>=8')

requirements() { # those of setup.cfg, with each lower bound as the version itself or as it is
  awk '/^install_requires =/ { inside = 1; next } /^[^ ]/ { inside = 0 } inside && NF' setup.cfg |
    if [ "$1" = lowest ]; then sed 's/>=/==/; s/ //g'; else sed 's/ //g'; fi
}

readme() { # README's Python, in a folder of its own
  awk '/^```python$/ { inside = 1; next } /^```$/ { inside = 0 } inside' README.md > "$folder/readme.py"
  (cd "$(mktemp -d)" && "$python" "$folder/readme.py")
}

[ $# -gt 0 ] || set -- lowest newest
for name in "$@"; do
  python="$folder/$name/bin/python"
  [ -x "$python" ] || python3 -m venv "$folder/$name"
  case "$name" in
    jax | torch)
      export KERAS_BACKEND="$name"
      "$python" -m pip install -q -U . "${needed[@]}"
      if "$python" -c 'import tensorflow' 2> /dev/null; then echo "error: TensorFlow is installed" && exit 1; fi
      readme
      ;;
    *)
      unset KERAS_BACKEND
      requirements "$name" > "$folder/$name.txt"
      "$python" -m pip install -q -U -r "$folder/$name.txt" "${needed[@]}"
      ;;
  esac
  versions="$("$python" -m pip list --format freeze | grep -iE '^(keras|tensorflow|jax|torch|numpy|pandas|jinja2)==' | xargs)"
  printf '\n%s: %s\n' "$name" "$versions"
  "$python" -m pytest -p no:cacheprovider -W ignore -q -m core
done
