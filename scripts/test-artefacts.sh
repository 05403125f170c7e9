#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Install what `make dist` has built as a user does, and have each artefact collect facts of an emulated VM:
# `scripts/test-artefacts.sh [PYTHON [FOLDER]]`. The collection takes part where PYTHON is 3.11 or later, which ansible-core wants.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

readonly python="${1:-python3}" folder="$(realpath "${2:-dist}")" root="$PWD"
work="$(mktemp -d)"
emulator=
leave() {
    [ -z "$emulator" ] || { kill "$emulator" && wait "$emulator"; } || true
    rm -rf "$work"
}
trap leave EXIT
export HOME="$work" ANSIBLE_HOME="$work/ansible" NO_COLOR=1

# only_one PATTERN: the one file of that name; a folder that holds two versions is no release.
only_one() {
    local files=("$folder"/$1)
    [ ${#files[@]} -eq 1 ] && [ -f "${files[0]}" ] || { echo "test-artefacts: not one $1 in $folder: ${files[*]##*/}" >&2; exit 1; }
    printf '%s\n' "${files[0]}"
}

pip() { "$work/venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }

# expect_region NAME COMMAND...: its output has the emulated machine's region.
expect_region() {
    local -r name="$1"
    shift
    "$@" >"$work/out" 2>&1 && grep -q westeurope "$work/out" || { cat "$work/out" >&2; echo "test-artefacts: $name fails" >&2; exit 1; }
    echo "$name: facts"
}

wheel="$(only_one 'azure_imds_facts-*.whl')"
collection="$(only_one 'azure_imds-facts-*.tar.gz')"
single_file="$(only_one azure-imds-facts.pyz)"
bill="$(only_one 'azure-imds-facts-*.cdx.json')"
only_one 'azure_imds_facts-*.tar.gz' >/dev/null
version="$(basename "$wheel" | cut -d- -f2)"
"$python" -m venv "$work/venv"
readonly own="$work/venv/bin/azure-imds-facts"
with_ansible="$("$work/venv/bin/python" -c 'import sys; print("yes" if sys.version_info >= (3, 11) else "")')"
if [ -n "$with_ansible" ]; then
    pip install -c requirements/lint.txt "$wheel[emulator]" ansible-core
else
    pip install "$wheel[emulator]"
fi
cd "$work"
[ "$("$own" --version)" = "azure-imds-facts $version" ]
[ "$("$work/venv/bin/python" -I "$single_file" --version)" = "azure-imds-facts $version" ]
grep -q "\"pkg:pypi/azure-imds-facts@$version\"" "$bill"

"$own" emulate --port 0 --quiet >"$work/url" &
emulator=$!
for _ in {1..200}; do [ -s "$work/url" ] && break || sleep 0.1; done
endpoint="$(grep -o 'http://[0-9.:]*' "$work/url")"
export AZURE_IMDS_ENDPOINT="$endpoint" AZURE_IMDS_CACHE_DIR="$work/cache" AZURE_IMDS_CACHE_TTL=0
expect_region "${wheel##*/}" "$own" facts
expect_region "${single_file##*/}" "$work/venv/bin/python" -I "$single_file" facts
if [ -n "$with_ansible" ]; then
    export ANSIBLE_COLLECTIONS_PATH="$work/collections"
    "$work/venv/bin/ansible-galaxy" collection install --offline -p "$work/collections" "$collection" >/dev/null
    expect_region "${collection##*/}" "$work/venv/bin/ansible" localhost -c local -e ansible_python_interpreter="$work/venv/bin/python" \
        -m azure_imds.facts.azure_imds_facts -a "endpoint=$endpoint"
fi
# The program of the Linux packages, unpacked, with this Python; the boot tests install them.
if [ -e "$folder/azure-imds-facts_$version-1_all.deb" ] && command -v dpkg-deb >/dev/null; then
    dpkg-deb --extract "$folder/azure-imds-facts_$version-1_all.deb" "$work/deb"
    expect_region "azure-imds-facts_$version-1_all.deb" "$work/venv/bin/python" -IB "$work/deb/usr/share/azure-imds-facts" facts
fi
if [ -e "$folder/azure-imds-facts-$version-1.noarch.rpm" ] && command -v rpm2cpio >/dev/null; then
    mkdir "$work/rpm"
    rpm2cpio "$folder/azure-imds-facts-$version-1.noarch.rpm" | (cd "$work/rpm" && cpio --quiet -idm --no-absolute-filenames)
    expect_region "azure-imds-facts-$version-1.noarch.rpm" "$work/venv/bin/python" -IB "$work/rpm/usr/share/azure-imds-facts" facts
fi
