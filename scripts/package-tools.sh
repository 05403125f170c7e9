#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Install what builds the Linux packages and what judges them, as root or by sudo, from the packages of Debian or Ubuntu.
set -euo pipefail

# Program → the package that has it.
declare -rA packages=([dpkg-deb]=dpkg [rpmbuild]=rpm [lintian]=lintian [rpmlint]=rpmlint)
missing=()
for program in "${!packages[@]}"; do
    command -v "$program" >/dev/null || missing+=("${packages[$program]}")
done
[ ${#missing[@]} -gt 0 ] || exit 0
[ "$EUID" -eq 0 ] || ! command -v sudo >/dev/null || exec sudo env "PATH=$PATH" "$0" "$@"
if ! command -v apt-get >/dev/null || [ "$EUID" -ne 0 ]; then
    echo "package-tools: missing: ${missing[*]}. As root on Debian or Ubuntu: apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 1
fi
log="$(mktemp)"
trap 'rm -f "$log"' EXIT
{ apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy -o DPkg::Lock::Timeout=300 install \
    --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 \
    || { tail -n 5 "$log" >&2; echo "package-tools: apt-get could not install ${missing[*]}" >&2; exit 1; }
echo "package-tools: installed ${missing[*]}"
