#!/bin/sh
# Installs the tutor into a folder as the image has it: pinned packages whose hashes are checked, then our own wheel.
#   docker/build.sh /app        the Dockerfile runs this very script; it needs no Docker
# Takes Python 3.11 from PYTHON (default: python3.11, else python3).
set -eu
target=${1:?usage: docker/build.sh FOLDER}
here=$(cd "$(dirname "$0")/.." && pwd)
python=${PYTHON:-$(command -v python3.11 || command -v python3)}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=${PIP_NO_CACHE_DIR:-1} PIP_ROOT_USER_ACTION=ignore

"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "docker/requirements.txt is pinned for Python 3.11; name one with PYTHON=" >&2
    exit 2
}
workshop=$(mktemp -d)
trap 'rm -rf "$workshop"' EXIT
trap 'exit 1' HUP INT TERM

"$python" -m venv "$workshop/tools"
"$workshop/tools/bin/pip" install --quiet --require-hashes --no-deps -r "$here/docker/requirements-build.txt"
"$workshop/tools/bin/pip" wheel --quiet --no-deps --no-build-isolation --wheel-dir "$workshop" "$here"

"$python" -m venv --clear "$target"
"$target/bin/pip" install --quiet --require-hashes --no-deps --only-binary :all: -r "$here/docker/requirements.txt"
"$target/bin/pip" install --quiet --no-deps "$workshop"/interview_tutor-*.whl
"$target/bin/pip" check
"$target/bin/tutor" --version
