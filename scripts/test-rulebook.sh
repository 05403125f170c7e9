#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run the shipped rulebook with a real ansible-rulebook: `scripts/test-rulebook.sh`. It has an environment of its own, build/rulebook,
# which stays; after that `make test` runs these tests too. Java comes from the distribution where this may install it. Where
# Java or a Python for it cannot be had nothing is run, which is told.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environments.sh
exec </dev/null

readonly home=build/rulebook

skip() {
    printf '== ansible-rulebook: skipped, %s\n' "$1"
    exit 0
}

# Debian's default is 17 or later since 2023.
install_java() {
    [ "$EUID" -eq 0 ] && command -v apt-get >/dev/null || return 1
    apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends default-jre-headless
}

command -v java >/dev/null || install_java >/dev/null 2>&1 || skip 'this machine has no Java, and it could not be installed'
python="$(find_python 3.12)" || python="$(find_python 3.13)" || skip 'this machine lacks Python 3.12 and 3.13'
set_up_project "$home" "$python" rulebook
exec .venv/bin/python -m pytest -q tests/eda -k rulebook
