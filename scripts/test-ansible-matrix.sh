#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run the module's tests with real Ansible on each pair of ansible-core and the target's Python that is promised, the oldest
# and the newest of both: `scripts/test-ansible-matrix.sh [short | CORE@CONTROLLER/TARGET ...]`, `short` for the oldest and
# the newest pair alone. ansible-core 2.20 and later have given up targets with Python 3.8. Each core has a virtual
# environment below build/ansible-matrix, which stays. A pair whose Pythons this machine lacks is skipped, which is told.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environments.sh
exec </dev/null

readonly all=(2.18@3.11/3.8 2.18@3.11/3.13 2.19@3.13/3.8 2.21@3.12/3.9 2.21@3.13/3.13)
readonly short=("${all[0]}" "${all[-1]}")
if [ "${1:-}" = short ]; then set -- "${short[@]}"; fi
readonly tuples=("${@:-${all[@]}}")

failed=()
for tuple in "${tuples[@]}"; do
    core="${tuple%%@*}" versions="${tuple#*@}" started=$SECONDS
    venv="build/ansible-matrix/$core-${versions%/*}"
    if ! python="$(find_python "${versions%/*}")" || ! target="$(find_python "${versions#*/}")"; then
        printf '== ansible-core %s: skipped, this machine lacks Python %s, %s or both\n' "$core" "${versions%/*}" "${versions#*/}"
    elif set_up_project "$venv" "$python" "ansible-$core" \
        && AZURE_IMDS_TEST_TARGET="$target" "$venv/bin/python" -m pytest -q tests/e2e/test_ansible_plays.py tests/e2e/test_ansible_names.py
    then
        printf '== ansible-core %s on Python %s, target Python %s: passed, %d s\n' \
            "$("$venv/bin/python" -c 'import ansible.release as r; print(r.__version__)')" "${versions%/*}" "${versions#*/}" $((SECONDS - started))
    else
        failed+=("$tuple")
    fi
done
report_failed "${failed[@]}"
