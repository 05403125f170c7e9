#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run the Salt tests on each pair of Salt and Python that is promised: `scripts/test-matrix.sh [SALT@PYTHON ...]`.
# Each pair has a virtual environment below build/matrix, which stays; pytest's options: ARGS='-k targeting -x'.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

readonly all=(3006.27@3.11 3008.3@3.10 3008.3@3.11 3008.3@3.12 3008.3@3.13)
readonly pairs=("${@:-${all[@]}}")
# What the tests need beside Salt; the newest that each Python has.
readonly tools=('pytest>=8' 'ansible-core>=2.17' 'aiohttp>=3.9' 'cryptography>=42' 'PyYAML>=5.4' 'hatchling>=1.25')
export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$PWD/build/pip-cache}"

# Print the interpreter of a version; a pyenv shim of a version that is not selected is found, but does not run.
find_python() {
    local candidate
    for candidate in "python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
        if "$candidate" -c 'import venv' 2>/dev/null; then
            "$candidate" -c 'import sys; print(sys.executable)'
            return
        fi
    done
    return 1
}

set_up() {
    local -r venv="$1" salt="$2" python="$3"
    [ ! -e "$venv/.complete" ] || return 0
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet install "salt==$salt" "${tools[@]}"
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --editable .
    touch "$venv/.complete"
}

failed=()
for pair in "${pairs[@]}"; do
    salt="${pair%@*}" version="${pair#*@}" venv="build/matrix/$pair" started=$SECONDS
    printf '== Salt %s on Python %s\n' "$salt" "$version"
    if ! python="$(find_python "$version")"; then
        printf '== %s: no Python %s on this machine\n' "$pair" "$version"
        failed+=("$pair: no Python $version")
        continue
    fi
    mkdir -p build/matrix
    # shellcheck disable=SC2086  ARGS is a list of options
    if set_up "$venv" "$salt" "$python" && "$venv/bin/python" -m pytest tests/minions ${ARGS:-}; then
        printf '== %s: passed, %d s\n' "$pair" $((SECONDS - started))
    else
        failed+=("$pair")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
