# SPDX-License-Identifier: Apache-2.0
# What the matrix tests share: interpreters by version, and environments that stay. Read by `source`, from the checkout.
# shellcheck shell=bash
source scripts/locked.sh

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

# set_up FOLDER INTERPRETER LOCK...: make a virtual environment of these locks, unless it is there as they are now. Every
# step is chained, for in a condition the shell would go on after one that fails.
set_up() {
    local -r place="$1" interpreter="$2"
    shift 2
    local lock wanted
    wanted="$(for lock in "$@"; do cat "requirements/$lock.txt"; done | sha256sum)"
    [ "$(cat "$place/.complete" 2>/dev/null || true)" != "$wanted" ] || return 0
    rm -rf "$place" \
        && mkdir -p "$(dirname "$place")" \
        && "$interpreter" -m venv "$place" \
        && for lock in "$@"; do install_locked "$place/bin/python" "$lock" || return 1; done \
        && echo "$wanted" >"$place/.complete"
}

# set_up_project FOLDER INTERPRETER LOCK...: the same with this project, editable, from which its metadata comes; the lock
# has what builds it.
set_up_project() {
    set_up "$@" && { [ -e "$1/.project" ] || {
        "$1/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation --editable . && touch "$1/.project"
    }; }
}

# End with what failed, where anything did.
report_failed() {
    [ $# -gt 0 ] || exit 0
    printf 'failed: %s\n' "$@" >&2
    exit 1
}
