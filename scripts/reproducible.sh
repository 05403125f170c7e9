#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build wheel, sdist, collection, single file, bill of materials and, where rpmbuild is, the Linux packages in two ways, and compare: another
# Python, folder, file system, umask and time zone, the same pinned build tools. Prints the sums; ends with 1 where any two differ.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export LC_ALL=C
source scripts/environments.sh

readonly ours="$PWD/.venv-lint/bin/python" root="$PWD" second="build/reproducible/venv"

artefacts=5
if command -v rpmbuild >/dev/null && command -v dpkg-deb >/dev/null; then artefacts=7; fi
readonly artefacts

# Print the first Python but the own that ansible-core takes.
find_another() {
    local version own
    own="$("$ours" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    for version in 3.13 3.12 3.11; do
        [ "$version" = "$own" ] || ! find_python "$version" || return 0
    done
    return 1
}

# build FOLDER PYTHON: what is committed, in a clone below FOLDER. The log lies beside it: an sdist takes all that git does not ignore.
build() {
    local -r log="$1.log"
    rm -rf "$1"
    git clone -q "$root" "$1"
    cd "$1"
    "$2" -m build --no-isolation --outdir dist >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
    "$2" scripts/build-collection.py dist >/dev/null 2>"$log" || { cat "$log" >&2; exit 1; }
    "$2" scripts/build-pyz.py >/dev/null
    "$2" scripts/build-sbom.py >/dev/null
    [ "$artefacts" -eq 5 ] || "$2" scripts/build-packages.py >/dev/null
}

other="$(find_another)" || {
    echo "make reproducible: a second Python, 3.11 to 3.13, is needed beside $("$ours" -V); install one, for example by pyenv." >&2
    exit 1
}
set_up "$second" "$other" dist
# Memory is another file system than the checkout's, nearly everywhere.
elsewhere="$(mktemp -d -p /dev/shm 2>/dev/null || mktemp -d)"
trap 'rm -rf "$elsewhere" "$root/build/reproducible/first"' EXIT
(build "$root/build/reproducible/first" "$ours")
(umask 077; export TZ=Asia/Tokyo; build "$elsewhere/second" "$root/$second/bin/python")

first_sums="$(cd build/reproducible/first/dist && sha256sum -- *)"
second_sums="$(cd "$elsewhere/second/dist" && sha256sum -- *)"
printf '%s in %s (%s)\n%s\n' "$("$ours" -V)" build "$(stat -f -c %T build)" "$first_sums"
printf '%s in %s (%s)\n%s\n' "$("$second/bin/python" -V)" "$elsewhere" "$(stat -f -c %T "$elsewhere")" "$second_sums"
[ "$first_sums" = "$second_sums" ] || { echo 'make reproducible: they differ' >&2; exit 1; }
[ "$(wc -l <<<"$first_sums")" -eq "$artefacts" ] || { echo "make reproducible: $artefacts artefacts were expected" >&2; exit 1; }
[ "$artefacts" -eq 7 ] || echo 'without the Linux packages: dpkg-deb or rpmbuild is missing (scripts/package-tools.sh installs them)'
echo "equal, all $artefacts"
