#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Set up a virtual environment of this checkout: `scripts/bootstrap.sh runtime` (.venv) or `lint` (.venv-lint).
# Does nothing where it stands already. Downloads packages; writes below the checkout only, pip's cache included.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/locked.sh

readonly which="${1:-}"
case "$which" in
    runtime) readonly venv=.venv locks=(build runtime) ;;
    lint) readonly venv=.venv-lint locks=(build lint) ;;
    *) echo "usage: scripts/bootstrap.sh runtime|lint" >&2; exit 2 ;;
esac
readonly log="build/bootstrap-$which.log" stamp="$venv/.complete"

die() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# Print the first Python that can be used; a pyenv shim of a version that is not selected is found, but does not run.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.13 python3.12 python3.11 python3.14; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            # Of a virtual environment the Python that it was made with: ours, first on PATH, is about to be made anew.
            "$candidate" -c 'import sys; print(getattr(sys, "_base_executable", "") or sys.executable)'
            return
        fi
    done
    die "Python 3.11 or later is missing: ansible-core 2.19 needs it (found: $(python3 --version 2>&1 || true))." \
        "Install it, or name one: make PYTHON=/path/to/python3.11"
}

check_can_build() {
    "$python" -c 'import ensurepip, venv' 2>/dev/null \
        || die "$python has no venv module. On Debian and Ubuntu: apt-get install python3-venv"
    [ "$which" = runtime ] || return 0
    command -v "${CC:-cc}" >/dev/null || command -v gcc >/dev/null \
        || die "A C compiler is missing: timelib, which Salt depends on, comes as source only." \
               "On Debian and Ubuntu: apt-get install gcc python3-dev"
    "$python" -c 'import os, sys, sysconfig; sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' \
        || die "The header files of $python are missing: timelib, which Salt depends on, comes as source only." \
               "On Debian and Ubuntu: apt-get install python3-dev"
}

# Run a slow step with a line before and after it; its own output goes to the log.
step() {
    local -r what="$1" started=$SECONDS
    shift
    printf 'setup: %s ...\n' "$what"
    if ! "$@" >>"$log" 2>&1; then
        tail -n 25 "$log" >&2
        die "failed: $what (the whole log is in $log). Packages come from the index that pip is set up for: is it reachable?"
    fi
    printf 'setup: %s: done in %d s\n' "$what" $((SECONDS - started))
}

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"
}

# Of files by their paths from requirements/.
hash_of() {
    (cd requirements && cat "$@") | "$python" -c 'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read()).hexdigest())'
}

python="$(find_python)"
readonly python
mkdir -p build
# Beside each other, `make demo` and `make test` would set up the same directory.
if command -v flock >/dev/null; then
    exec 9>"build/bootstrap-$which.lock"
    flock -n 9 || { echo "setup: another setup is running; waiting for it ..."; flock 9; }
fi

wanted="$("$python" -V) $python $PWD $(hash_of "${locks[@]/%/.txt}" ../scripts/bootstrap.sh ../scripts/locked.sh)"
if [ "$(head -n 1 "$stamp" 2>/dev/null || true)" != "$wanted" ]; then
    check_can_build
    : >"$log"
    # From nothing: what an interrupted setup left is not to be trusted.
    rm -rf "$venv"
    step "$venv: a virtual environment with $("$python" -V)" "$python" -m venv "$venv"
    if [ "$which" = runtime ]; then
        step "$venv: what Salt is built with" install_locked "$venv/bin/python" build
        step "$venv: Ansible, Salt and test tools, about two minutes" install_locked "$venv/bin/python" runtime
    else
        step "$venv: what reuse is built with" install_locked "$venv/bin/python" build
        step "$venv: ruff, mypy, ansible-lint and what they look into, about a minute" \
            install_locked "$venv/bin/python" lint
    fi
    echo "$wanted" >"$stamp"
fi

if [ "$which" = runtime ]; then
    # The project itself, editable: again where its metadata, which holds the entry points, has changed.
    described="$(hash_of ../pyproject.toml)"
    if [ "$(sed -n 2p "$stamp")" != "$described" ]; then
        step "$venv: azure-imds-facts itself" pip install --no-deps --no-build-isolation --editable .
        printf '%s\n%s\n' "$wanted" "$described" >"$stamp"
    fi
fi
