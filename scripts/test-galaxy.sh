#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build the collection and import it as Galaxy does: `scripts/test-galaxy.sh`. galaxy-importer has an environment of its own
# below build/galaxy, for it wants other versions of what ours have. A warning of the importer's fails as an error does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environments.sh
exec </dev/null

readonly venv=$PWD/build/galaxy/venv
set_up "$venv" .venv/bin/python galaxy

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work PATH=$venv/bin:$PATH
cp -r collections/ansible_collections/azure_imds/facts "$work/facts"
find "$work/facts" \( -name __pycache__ -o -path '*/tests/output' \) -prune -exec rm -rf {} +
ansible-galaxy collection build --output-path "$work" "$work/facts" >/dev/null
cd "$work"
log=$work/import.log
if ! python -m galaxy_importer.main "$work"/*.tar.gz >"$log" 2>&1 || grep -E '^(ERROR|WARNING)' "$log"; then
    cat "$log"
    exit 1
fi
tail -n 1 "$log"
