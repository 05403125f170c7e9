#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run the module's tests with real Ansible on each pair of ansible-core and the target's Python that is promised, the oldest
# and the newest of both: `scripts/test-ansible-matrix.sh [CORE@CONTROLLER/TARGET ...]`. ansible-core 2.20 and later have
# given up targets with Python 3.8. Each core has a virtual environment below build/ansible-matrix, which stays.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

readonly all=(2.18@3.11/3.8 2.18@3.11/3.13 2.19@3.13/3.8 2.21@3.12/3.9 2.21@3.13/3.13)
readonly tuples=("${@:-${all[@]}}")
# What the tests need beside Ansible; the newest that each Python has.
readonly tools=('pytest>=8' 'aiohttp>=3.9' 'cryptography>=42' 'PyYAML>=5.4' 'hatchling>=1.25' 'build>=1.2')
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
    echo "no Python $1 on this machine" >&2
    return 1
}

set_up() {
    local -r venv="$1" core="$2" python="$3"
    [ ! -e "$venv/.complete" ] || return 0
    rm -rf "$venv"
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet install "ansible-core==$core.*" "${tools[@]}"
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --editable .
    touch "$venv/.complete"
}

failed=()
mkdir -p build/ansible-matrix
for tuple in "${tuples[@]}"; do
    core="${tuple%%@*}" versions="${tuple#*@}" started=$SECONDS
    venv="build/ansible-matrix/$core-${versions%/*}"
    if python="$(find_python "${versions%/*}")" && target="$(find_python "${versions#*/}")" && set_up "$venv" "$core" "$python" \
        && AZURE_IMDS_TEST_TARGET="$target" "$venv/bin/python" -m pytest -q tests/e2e/test_ansible_plays.py tests/e2e/test_ansible_names.py
    then
        printf '== ansible-core %s on Python %s, target Python %s: passed, %d s\n' \
            "$("$venv/bin/python" -c 'import ansible.release as r; print(r.__version__)')" "${versions%/*}" "${versions#*/}" $((SECONDS - started))
    else
        failed+=("$tuple")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
