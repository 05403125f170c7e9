#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzz for so many seconds: `scripts/test-fuzz.sh [SECONDS]`, 60 by default, shared among the targets (fuzz/targets.py).
# Guided by coverage where atheris is or can be installed (Linux, CPython 3.11 to 3.13; into build/fuzz), else with
# generated input alone. What is found lies in build/fuzz-found: mend it, and put it into fuzz/corpus/TARGET.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environments.sh

readonly seconds="${1:-60}" python="${PYTHON:-.venv/bin/python}" venv=build/fuzz found=build/fuzz-found
[[ "$seconds" =~ ^[1-9][0-9]*$ ]] || { echo "usage: scripts/test-fuzz.sh [SECONDS]" >&2; exit 2; }
export PYTHONPATH="facts:."
mkdir -p "$found"

guided="$python"
if ! "$guided" -c 'import atheris' 2>/dev/null; then
    guided="$venv/bin/python"
    if ! "$guided" -c 'import atheris, cryptography, requests' 2>/dev/null; then
        echo "fuzz: installing atheris into $venv ..."
        set_up "$venv" "$python" fuzz >"$found/install.log" 2>&1 || guided=""
    fi
fi

fuzz_guided() {
    local target
    local -r each=$((seconds / 5 > 0 ? seconds / 5 : 1))
    for target in document response entry wait verify; do
        # Findings are written there; the corpus that grows is thrown away, the seeds in the repository stay as they are.
        mkdir -p "$found/$target-grown"
        echo "fuzz: $target for $each s"
        if ! "$guided" -W ignore -m fuzz.run "$target" -max_total_time="$each" -timeout=20 -rss_limit_mb=1024 -max_len=8192 \
            -close_fd_mask=0 -print_final_stats=1 -artifact_prefix="$found/$target-" "$found/$target-grown" \
            "fuzz/corpus/$target" >"$found/$target.log" 2>&1; then
            tail -n 40 "$found/$target.log" >&2
            echo "fuzz: $target: FOUND something, see $found" >&2
            return 1
        fi
        grep -E 'number_of_executed_units|cov: ' "$found/$target.log" | tail -n 2
    done
}

fuzz_generated() {
    local -r until=$((SECONDS + seconds))
    while ((SECONDS < until)); do
        FUZZ_EXAMPLES=400 timeout "$((until - SECONDS + 30))" "$python" -m pytest -q -p no:cacheprovider tests/fire/test_fuzz.py
    done
}

if [ -n "$guided" ]; then
    fuzz_guided
else
    echo "fuzz: atheris cannot be installed here (see $found/install.log): generated input alone, not guided by coverage"
    fuzz_generated
fi
echo "fuzz: nothing found"
