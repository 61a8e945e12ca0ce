#!/bin/sh
# Writes the locks again: `scripts/lock.sh` keeps every version that still fits,
# `scripts/lock.sh --upgrade` takes the newest, `scripts/lock.sh --upgrade-package NAME` one.
set -eu
cd "$(dirname "$0")/.."

boot=$(mktemp -d)
trap 'rm -rf "$boot"' EXIT INT TERM
"${PYTHON:-python3}" -m venv "$boot/venv"
"$boot/venv/bin/python" -m pip --quiet --disable-pip-version-check install \
  --require-hashes --only-binary :all: -r requirements-uv.lock

compile() {
  "$boot/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --custom-compile-command scripts/lock.sh "$@"
}

echo uv | compile - --output-file requirements-uv.lock "${@}"
compile requirements-build.in --output-file requirements-build.lock "$@"
compile pyproject.toml --constraint requirements-build.lock \
  --output-file requirements.lock "$@"
compile pyproject.toml --extra dev --constraint requirements-build.lock \
  --constraint requirements.lock --output-file requirements-dev.lock "$@"
compile requirements-pywb.in --constraint requirements-build.lock \
  --output-file requirements-pywb.lock "$@"
compile requirements-ray.in --constraint requirements-build.lock \
  --constraint requirements.lock --output-file requirements-ray.lock "$@"
compile requirements-matchers.in --constraint requirements.lock \
  --output-file requirements-matchers.lock "$@"
