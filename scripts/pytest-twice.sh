#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run pytest, and run once more by itself what failed: `scripts/pytest-twice.sh PYTHON OPTION...`. Beside other work a
# test can miss a time that it keeps alone. Both runs are printed, and a test that fails twice fails. Where many failed,
# it was not the load, and the first run decides.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
readonly python="$1" most=10
shift

cache="$(mktemp -d)"
trap 'rm -rf "$cache"' EXIT
code=0
"$python" -m pytest -o cache_dir="$cache" "$@" || code=$?
# 1: tests failed. Anything else is about the run itself.
[ "$code" -eq 1 ] || exit "$code"
failed="$("$python" -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$cache/v/cache/lastfailed")"
[ "$failed" -le "$most" ] || exit "$code"
printf '== %s failed: once more, by themselves ...\n' "$failed"
code=0
"$python" -m pytest -o cache_dir="$cache" "$@" -n 0 --last-failed --last-failed-no-failures=none || code=$?
[ "$code" -ne 0 ] || printf '== these passed by themselves; they failed beside other work\n'
exit "$code"
