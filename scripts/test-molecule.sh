#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run molecule's scenarios, each beside the emulated VM that it needs: `scripts/test-molecule.sh [SCENARIO ...]`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

readonly all=(default mixed_fleet local_facts real_address)
readonly scenarios=("${@:-${all[@]}}")
readonly python=$PWD/.venv/bin/python molecule=$PWD/.venv-lint/bin/molecule
# What molecule and Ansible keep goes where it is removed again.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PATH="$PWD/.venv-lint/bin:$PATH" ANSIBLE_HOME="$folder/ansible" HOME="$folder"

run() {
    case "$1" in
        real_address)
            "$PWD/.venv/bin/azure-imds-facts" emulate --set compute.vmSize=Standard_D2s_v3 \
                --set compute.zone=1 --tag 'Cost Center=4711' -- "$molecule" test -s "$1" ;;
        local_facts)
            scripts/overlaid.sh "$folder/overlaid" "$python" scripts/with_emulated_vm.py "$molecule" test -s "$1" ;;
        *)
            "$python" scripts/with_emulated_vm.py "$molecule" test -s "$1" ;;
    esac
}

failed=()
for scenario in "${scenarios[@]}"; do
    started=$SECONDS
    if [ "$EUID" -ne 0 ] && [[ "$scenario" =~ ^(real_address|local_facts)$ ]]; then
        echo "== molecule $scenario: skipped, it takes root for a namespace of its own"
    elif run "$scenario" >"$folder/$scenario.log" 2>&1; then
        echo "== molecule $scenario: passed, $((SECONDS - started)) s"
    else
        cat "$folder/$scenario.log"
        failed+=("$scenario")
    fi
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'failed: %s\n' "${failed[@]}" >&2
    exit 1
fi
