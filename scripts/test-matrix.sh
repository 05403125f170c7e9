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

failed=() begun=()
for pair in "${pairs[@]}"; do
    salt="${pair%@*}" version="${pair#*@}" venv="build/matrix/$pair" started=$SECONDS
    # In which order files come to a minion is Salt's business, not Python's: all orders once for each Salt.
    form=longest
    [[ " ${begun[*]} " != *" $salt "* ]] || form=long
    begun+=("$salt")
    # ARGS is a list of options.
    # shellcheck disable=SC2086
    if ! python="$(find_python "$version")"; then
        printf '== Salt %s: skipped, this machine lacks Python %s\n' "$salt" "$version"
    elif set_up_project "$venv" "$python" build "salt-${salt%.*}" && FORM="$form" "$venv/bin/python" -m pytest tests/minions ${ARGS:-}; then
        printf '== Salt %s on Python %s: passed, %d s\n' "$salt" "$version" $((SECONDS - started))
    else
        failed+=("$pair")
    fi
done
report_failed "${failed[@]}"
