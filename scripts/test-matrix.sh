#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run the Salt tests on each pair of Salt and Python that is promised: `scripts/test-matrix.sh [SALT@PYTHON ...]`.
# Each pair has a virtual environment below build/matrix, which stays; one whose Python this machine lacks is skipped,
# which is told. pytest's options: ARGS='-k targeting -x'.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environments.sh
exec </dev/null

readonly all=(3006.27@3.11 3008.3@3.10 3008.3@3.11 3008.3@3.12 3008.3@3.13)
readonly pairs=("${@:-${all[@]}}")
# What the tests need beside Salt; the newest that each Python has.
readonly tools=('pytest>=8' 'ansible-core>=2.17' 'aiohttp>=3.9' 'cryptography>=42' 'PyYAML>=5.4' 'hatchling>=1.25')

failed=() begun=()
for pair in "${pairs[@]}"; do
    salt="${pair%@*}" version="${pair#*@}" venv="build/matrix/$pair" started=$SECONDS
    # In which order files come to a minion is Salt's business, not Python's: all orders once for each Salt.
    form=longest
    [[ " ${begun[*]} " != *" $salt "* ]] || form=long
    begun+=("$salt")
    # shellcheck disable=SC2086  ARGS is a list of options
    if ! python="$(find_python "$version")"; then
        printf '== Salt %s: skipped, this machine lacks Python %s\n' "$salt" "$version"
    elif set_up "$venv" "$python" "salt==$salt" "${tools[@]}" && FORM="$form" "$venv/bin/python" -m pytest tests/minions ${ARGS:-}; then
        printf '== Salt %s on Python %s: passed, %d s\n' "$salt" "$version" $((SECONDS - started))
    else
        failed+=("$pair")
    fi
done
report_failed "${failed[@]}"
