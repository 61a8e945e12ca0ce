#!/bin/sh
# Makes the environments of this folder from the hashed locks.
#
#   scripts/setup.sh core   .venv with what Lantian needs
#   scripts/setup.sh dev    .venv with the checks and tests as well
#   scripts/setup.sh pywb   .venv-pywb, whose pins contradict ours; the evidence tests ask it
#   scripts/setup.sh ray    .venv-ray, the extra beside ours: too large for all who test
#
# Does nothing where nothing changed. Once `dev` was made, `core` keeps it.
set -eu
cd "$(dirname "$0")/.."

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

what=${1:-core}
case $what in
  core) venv=.venv; lock=requirements.lock ;;
  dev) venv=.venv; lock=requirements-dev.lock ;;
  pywb) venv=.venv-pywb; lock=requirements-pywb.lock ;;
  ray) venv=.venv-ray; lock=requirements-ray.lock ;;
  *) fail "unknown environment $what: say core, dev, pywb or ray" ;;
esac
stamp=$venv/lantian-setup
if [ "$what" = core ] && [ -f "$stamp" ] && grep -q '^dev ' "$stamp"; then
  what=dev; lock=requirements-dev.lock
fi

# The stamp names what the environment was made from. The part of pyproject.toml that
# configures our checks changes nothing in it.
state="$what $(sed '/^\[tool\.ruff\]/,$d' pyproject.toml \
  | cat - scripts/setup.sh requirements-uv.lock requirements-build.lock "$lock" matchers/kernel.c \
  | cksum)"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$state" ] && [ -x "$venv/bin/python" ] \
  && "$venv/bin/python" -c '' 2>/dev/null; then
  exit 0
fi

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  if [ -n "${PYTHON:-}" ]; then
    recent "$PYTHON" || fail "PYTHON=$PYTHON is no Python 3.11 or newer: name one that is"
    echo "$PYTHON"
    return
  fi
  for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
    if recent "$candidate"; then echo "$candidate"; return; fi
  done
  found=$(python3 --version 2>/dev/null || echo 'no Python 3')
  fail "Python 3.11 or newer is needed, found $found: install it (Debian, Ubuntu:" \
    "apt-get install python3.11 python3.11-venv), or name it: make setup PYTHON=/path/to/python"
}

python=$(find_python)
version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
"$python" -c 'import ensurepip, venv' 2>/dev/null \
  || fail "Python $version cannot make environments: apt-get install python$version-venv"

started=$(date +%s)
boot=$(mktemp -d)
trap 'rm -rf "$boot"' EXIT INT TERM

# uv installs the rest ten times as fast as pip. It comes locked and hashed too, and is not kept.
say "fetching uv, the installer"
"$python" -m venv "$boot/venv"
"$boot/venv/bin/python" -m pip --quiet --disable-pip-version-check install \
  --require-hashes --only-binary :all: -r requirements-uv.lock \
  || fail "uv could not be fetched: see the lines above; is there a way to the package index?"
uv=$boot/venv/bin/uv

# uv does not read pip's configuration; whoever set another index or certificate there meant it.
if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
  index=$("$boot/venv/bin/python" -m pip --disable-pip-version-check config get global.index-url \
    2>/dev/null || true)
  index=${PIP_INDEX_URL:-$index}
  if [ -n "$index" ]; then export UV_DEFAULT_INDEX="$index"; fi
fi
if [ -z "${SSL_CERT_FILE:-}" ] && [ -n "${PIP_CERT:-}" ]; then export SSL_CERT_FILE="$PIP_CERT"; fi
export UV_LINK_MODE="${UV_LINK_MODE:-hardlink}" UV_NO_CONFIG=1 UV_PYTHON_DOWNLOADS=never
export VIRTUAL_ENV="$PWD/$venv"

if ! "$venv/bin/python" -c '' 2>/dev/null || ! recent "$venv/bin/python"; then
  rm -rf "$venv"
  "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" "$venv"
fi
rm -f "$stamp"

# Two of the packages are source only and are built here, by the locked build tools: hashes hold
# for what builds as well.
say "$("$venv/bin/python" --version), $(grep -c '^[a-z].*==' "$lock") locked packages"
"$uv" pip install --quiet --require-hashes --only-binary :all: -r requirements-build.lock
"$uv" pip sync --quiet --require-hashes --no-build-isolation requirements-build.lock "$lock"
if [ "$venv" = .venv ]; then
  "$uv" pip install --quiet --no-deps --no-build-isolation --editable .
fi

# What only builds goes again: jieba would load setuptools' pkg_resources at every start.
names() { sed -n 's/^\([a-z0-9-]*\)==.*/\1/p' "$1" | sort; }
names "$lock" > "$boot/kept"
"$uv" pip uninstall --quiet $(names requirements-build.lock | comm -23 - "$boot/kept")

# jieba's patterns make Python 3.12 and newer warn when they are compiled: do that here, once, for
# the modules that we load. Its tables of the kinds of words, 5 MB compiled, are not among them.
if [ "$venv" = .venv ]; then
  (cd "$venv"/lib/python*/site-packages/jieba \
    && "$VIRTUAL_ENV/bin/python" -W ignore -m compileall -qq \
      __init__.py _compat.py finalseg/__init__.py)
fi

# Tests that packages carry of themselves are nearly a fiftieth of all.
find "$venv"/lib/python*/site-packages/numpy "$venv"/lib/python*/site-packages/greenlet \
  "$venv"/lib/python*/site-packages/zope -type d -name tests -prune -exec rm -rf {} + 2>/dev/null \
  || true

# The matcher's inner loops in C, where the machine has a compiler: without them it is slower.
if [ "$venv" = .venv ]; then
  "$venv/bin/python" -m matchers.build >/dev/null || say "going on without it"
fi

printf '%s\n' "$state" > "$stamp"
say "$venv is ready: $(($(date +%s) - started)) s, $(du -sm "$venv" | cut -f1) MB"
