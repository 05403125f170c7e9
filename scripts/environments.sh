# SPDX-License-Identifier: Apache-2.0
# What the matrix tests share: interpreters by version, and environments that stay. Read by `source`, from the checkout.
# shellcheck shell=bash
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

# set_up FOLDER INTERPRETER PACKAGE...: make a virtual environment with these packages and this project, unless it is
# there. Every step is chained, for in a condition the shell would go on after one that fails.
set_up() {
    local -r venv="$1" interpreter="$2"
    shift 2
    [ ! -e "$venv/.complete" ] || return 0
    rm -rf "$venv" \
        && mkdir -p "$(dirname "$venv")" \
        && "$interpreter" -m venv "$venv" \
        && "$venv/bin/python" -m pip --disable-pip-version-check --quiet install "$@" \
        && "$venv/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --editable . \
        && touch "$venv/.complete"
}

# End with what failed, where anything did.
report_failed() {
    [ $# -gt 0 ] || exit 0
    printf 'failed: %s\n' "$@" >&2
    exit 1
}
