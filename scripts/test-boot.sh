#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Boot real machines: `scripts/test-boot.sh` all cases, `scripts/test-boot.sh short` the few for continuous integration.
# Takes root, Debian's debootstrap and systemd-nspawn (installed with apt-get where they are missing). The tree that it
# boots is kept in ${XDG_CACHE_HOME:-~/.cache}/azure-imds-facts. PYTHON: one with the test tools (.venv/bin/python).
# Further arguments go to pytest.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly suite=bookworm packages=systemd,systemd-sysv,dbus,iproute2,python3
readonly cache="${XDG_CACHE_HOME:-$HOME/.cache}/azure-imds-facts"
readonly python="${PYTHON:-.venv/bin/python}"
form=all
if [ "${1:-}" = short ]; then
    form=short
    shift
fi
readonly form

skip() {
    printf 'test-boot: skipped: %s\n' "$1"
    exit 0
}

# Install what is missing; the name of a program, and the package that brings it.
need() {
    command -v "$1" >/dev/null && return
    command -v apt-get >/dev/null || skip "$1 is missing, and there is no apt-get to install $2 with"
    { apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends "$2"; } \
        >"$log" 2>&1 || { tail -n 5 "$log"; skip "$1 is missing, and apt-get could not install $2"; }
}

# The mirror that this machine's own packages come from, where that is Debian's.
find_mirror() {
    # The words in $( ) are apt-get's.
    # shellcheck disable=SC2016
    { apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null || true; } \
        | sed -n 's/^Debian //p' | head -n 1
}

make_tree() {
    local -r to="$1" new="$1.new.$$" started=$SECONDS
    local mirror="${DEBIAN_MIRROR:-$(find_mirror)}"
    echo "test-boot: making $to from ${mirror:=http://deb.debian.org/debian} ..."
    # An interrupted one leaves only what nobody takes for a tree.
    rm -rf "$new"
    if ! debootstrap --variant=minbase --include="$packages" "$suite" "$new" "$mirror" >"$log" 2>&1; then
        tail -n 5 "$log"
        rm -rf --one-file-system "$new"
        skip "debootstrap failed; is $mirror reachable?"
    fi
    rm -rf "$new"/var/cache/apt/archives/*.deb "$new"/var/lib/apt/lists/*
    mv -T "$new" "$to"
    echo "test-boot: done in $((SECONDS - started)) s"
}

# The same with cloud-init, which debootstrap cannot put in by itself.
make_cloudy_tree() {
    local -r from="$1" to="$2" new="$2.new.$$" started=$SECONDS
    echo "test-boot: making $to ..."
    rm -rf "$new"
    cp -a --reflink=auto "$from" "$new"
    if ! { chroot "$new" apt-get -q update \
            && DEBIAN_FRONTEND=noninteractive chroot "$new" apt-get -qy install --no-install-recommends cloud-init; } >"$log" 2>&1; then
        tail -n 5 "$log"
        rm -rf --one-file-system "$new"
        echo "test-boot: no cloud-init: its test will be skipped"
        return
    fi
    rm -rf "$new"/var/cache/apt/archives/*.deb "$new"/var/lib/apt/lists/*
    mv -T "$new" "$to"
    echo "test-boot: done in $((SECONDS - started)) s"
}

[ "$(uname -s)" = Linux ] || skip "only Linux boots with systemd"
[ "$(id -u)" = 0 ] || skip "a boot takes root (containers, network namespaces)"
[ -x "$python" ] || { echo "test-boot: $python is missing: make venv, or name one in PYTHON" >&2; exit 2; }
log="$(mktemp)"
readonly log
trap 'rm -f "$log"' EXIT
need debootstrap debootstrap
need systemd-nspawn systemd-container
need ip iproute2
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || need /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
unshare --mount --net true 2>"$log" || skip "namespaces are not permitted here: $(cat "$log")"
mkdir -p "$cache"
tree="$cache/$suite-$(dpkg --print-architecture)-1"
readonly tree
[ -d "$tree" ] || make_tree "$tree"

tests=(tests/boot/real)
if [ "$form" = all ]; then
    [ -d "$tree-cloud" ] || make_cloudy_tree "$tree" "$tree-cloud"
    # Without rpmbuild its test is skipped.
    scripts/package-tools.sh || true
    [ ! -d "$tree-cloud" ] || export AZURE_IMDS_TEST_DEBIAN_CLOUD_INIT="$tree-cloud"
else
    tests=(tests/boot/real/test_short.py tests/boot/real/test_package.py)
fi
AZURE_IMDS_TEST_DEBIAN="$tree" "$python" -m pytest -rs --capture=tee-sys "${tests[@]}" "$@"
