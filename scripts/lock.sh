#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Compile the locks, or test them: `scripts/lock.sh lock [OPTION...]` (scripts/lock.py), `scripts/lock.sh test [OPTION...]`
# (scripts/test-locks.py). uv has an environment of its own, build/lock.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environments.sh

case "${1:-}" in
    lock) readonly script=scripts/lock.py ;;
    test) readonly script=scripts/test-locks.py ;;
    *) echo "usage: scripts/lock.sh lock|test [OPTION...]" >&2; exit 2 ;;
esac
shift
python="$(find_python 3.11)" || python="$(find_python 3.12)" || python="$(find_python 3.13)" \
    || { echo "make lock: Python 3.11, 3.12 or 3.13 is needed" >&2; exit 1; }
set_up build/lock "$python" lock
exec build/lock/bin/python "$script" "$@"
