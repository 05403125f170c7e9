#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Install what `make dist` has built as a user does, and have each artefact collect facts of an emulated VM:
# `scripts/test-artefacts.sh [PYTHON [FOLDER]]`. The wheel comes with its extra `emulator` and nothing else, in the versions that PyPI has that
# day, and the emulator has to be whole with them. The collection takes part where PYTHON is 3.11 or later, which ansible-core wants.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

source scripts/locked.sh

readonly python="${1:-python3}"
folder="$(realpath "${2:-dist}")"
readonly folder
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
    local files
    mapfile -t files < <(find "$folder" -maxdepth 1 -type f -name "$1")
    [ ${#files[@]} -eq 1 ] || { echo "test-artefacts: not one $1 in $folder: ${files[*]##*/}" >&2; exit 1; }
    printf '%s\n' "${files[0]}"
}

pip() { "$work/venv/bin/python" -m pip --disable-pip-version-check --quiet "$@"; }

# expect_region NAME COMMAND...: its output has the emulated machine's region.
expect_region() {
    local -r name="$1"
    shift
    if ! "$@" >"$work/out" 2>&1 || ! grep -q westeurope "$work/out"; then
        cat "$work/out" >&2
        echo "test-artefacts: $name fails" >&2
        exit 1
    fi
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
pip install "${wheel}[emulator]"
pip check >/dev/null
if [ -n "$with_ansible" ]; then
    "$python" -m venv "$work/ansible-venv"
    install_locked "$work/ansible-venv/bin/python" dist
fi
cd "$work"
[ "$("$own" --version)" = "azure-imds-facts $version" ]
[ "$("$work/venv/bin/python" -I "$single_file" --version)" = "azure-imds-facts $version" ]
grep -q "\"pkg:pypi/azure-imds-facts@$version\"" "$bill"

cat >scenario.yaml <<'END'
vm: [spot, dual-stack]
tags: {Cost Center: 4711}
identities: [system, deploy]
END
"$own" emulate --scenario scenario.yaml --port 0 --quiet --export-keys keys >"$work/url" &
emulator=$!
for _ in {1..600}; do if [ -s "$work/url" ]; then break; else sleep 0.1; fi; done
endpoint="$(grep -o 'http://[0-9.:]*' "$work/url")"
export AZURE_IMDS_ENDPOINT="$endpoint" AZURE_IMDS_CACHE_DIR="$work/cache" AZURE_IMDS_CACHE_TTL=0
expect_region "${wheel##*/}" "$own" facts
"$own" attest --nonce 1234 >document
"$own" verify document --nonce 1234 --trust keys/ca.pem >/dev/null
echo "the emulator, from its extra alone: a scenario, and a signed document that verifies"
code=0
env -u AZURE_IMDS_ENDPOINT "$own" emulate --scenario scenario.yaml -- "$own" facts >out 2>err || code=$?
case "$code" in
    0) grep -q westeurope out && echo "the emulator around a command: facts" ;;
    125) echo "the emulator around a command: skipped, $(cat err)" ;;
    *) cat err >&2; exit 1 ;;
esac
expect_region "${single_file##*/}" "$work/venv/bin/python" -I "$single_file" facts
if [ -n "$with_ansible" ]; then
    export ANSIBLE_COLLECTIONS_PATH="$work/collections"
    "$work/ansible-venv/bin/ansible-galaxy" collection install --offline -p "$work/collections" "$collection" >/dev/null
    expect_region "${collection##*/}" "$work/ansible-venv/bin/ansible" localhost -c local -e ansible_python_interpreter="$work/ansible-venv/bin/python" \
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
