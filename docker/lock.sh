#!/bin/sh
# Writes requirements.txt and requirements-build.txt again: every package of the image, with hashes. Needs uv and the index.
set -eu
cd "$(dirname "$0")/.."
lock() {
    uv pip compile "$@" --generate-hashes --python-version 3.11 --python-platform x86_64-unknown-linux-gnu \
        --default-index https://pypi.org/simple --no-annotate --no-emit-index-url --no-emit-find-links \
        --custom-compile-command docker/lock.sh --quiet
}
lock pyproject.toml --extra server --extra documents --output-file docker/requirements.txt
echo "hatchling" | lock - --output-file docker/requirements-build.txt
