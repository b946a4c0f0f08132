#!/bin/sh
# Make .venv with everything that uv.lock names. Needs a Python of at least 3.12, nothing else.
# Usage: deploy/bootstrap.sh [directory of the environment]; PYTHON names the interpreter to use.
set -eu

cd "$(dirname "$0")/.."
venv=${1:-.venv}
uv_wanted='uv>=0.13.8,<1'

suitable() {
  "$1" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1
}

find_python() {
  if [ -n "${PYTHON:-}" ]; then
    if suitable "$PYTHON"; then echo "$PYTHON"; fi
    return
  fi
  # A name on PATH may be a shim that cannot run, so each is tried; the newest suitable one wins.
  for candidate in python3.14 python3.13 python3.12 python3 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[4-9]*/bin/python3 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.13*/bin/python3 \
    "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.12*/bin/python3 \
    /usr/local/bin/python3.1[2-9] /opt/*/bin/python3.1[2-9] /opt/*/bin/python3; do
    if suitable "$candidate"; then
      echo "$candidate"
      return
    fi
  done
}

if ! "$venv/bin/python" -c '' >/dev/null 2>&1; then
  python=$(find_python)
  if [ -z "$python" ]; then
    echo "Cadre needs Python 3.12 or newer, with its venv module; found none that runs." >&2
    echo "Install one, or name it: make PYTHON=/path/to/python3.12" >&2
    exit 1
  fi
  echo "Making $venv with $("$python" -V) ($python)"
  "$python" -m venv --clear "$venv"
fi

if ! "$venv/bin/uv" --version >/dev/null 2>&1; then
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null
  "$venv/bin/python" -m pip install --quiet "$uv_wanted"
fi

# Compiled now, once: else every first start does it, and every start where Python may not write.
UV_PROJECT_ENVIRONMENT=$venv "$venv/bin/uv" sync --frozen --no-python-downloads --compile-bytecode --quiet
"$venv/bin/python" -m compileall -q shared audit client intake services fiction cli
