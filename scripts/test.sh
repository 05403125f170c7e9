#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run all tests: pytest on so many workers (`scripts/test.sh [WORKERS]`), ansible-test beside it, and afterwards what wants
# the machine for itself: it takes all cores, or measures. tests/support/spreading.py says what goes where.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/steps.sh

readonly workers="${1:-$(($(nproc) * 2))}"

# Its output waits for pytest's to be complete.
test_collection() { scripts/test-collection.sh >"$steps/collection.log" 2>&1; }

began=$SECONDS
start test_collection
collection=${groups[-1]}
run scripts/pytest-twice.sh .venv/bin/python -n "$workers" -m 'not serial'
code=0
wait "$collection" || code=$?
cat "$steps/collection.log"
note_end "$code" $((SECONDS - began)) scripts/test-collection.sh
run scripts/pytest-twice.sh .venv/bin/python -m serial
end_steps
