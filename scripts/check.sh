#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Check what has changed, in under a minute: ruff on the Python files that differ from main's last common commit, and the
# core's tests on so many workers (`scripts/check.sh [WORKERS]`). All of it: make lint test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/steps.sh

readonly workers="${1:-$(($(nproc) * 2))}" ruff=.venv-lint/bin/ruff
# What the core does, and what its adapters make of it without Ansible's and Salt's daemons.
readonly core=(tests/core tests/contract tests/facts tests/distribution tests/salt_adapter tests/formats tests/commands)

find_base() {
    local branch
    for branch in origin/main main; do git merge-base HEAD "$branch" 2>/dev/null && return; done
    git rev-parse HEAD
}

check_changed() {
    if [ ${#changed[@]} -eq 0 ]; then
        echo 'no Python file has changed'
        return
    fi
    "$ruff" check --quiet --force-exclude "${changed[@]}" && "$ruff" format --check --quiet --force-exclude "${changed[@]}"
}

base="$(find_base)"
mapfile -d '' changed < <({ git diff -z --name-only --diff-filter=d "$base"; git ls-files -z --others --exclude-standard; } \
    | grep -zE '\.py$' | sort -zu)
echo "compared with $(git describe --always "$base"): ${#changed[@]} Python files"
run check_changed
start run_quietly make --no-print-directory types
run_quietly .venv/bin/python -m pytest -q -n "$workers" "${core[@]}"
end_steps
