#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Run a command that may change /etc and /usr/local, and keep what it changes in a folder instead. Takes root.
# Usage: scripts/overlaid.sh FOLDER COMMAND …
set -e
if [ "$1" != --mounted ]; then
    exec unshare -m "$0" --mounted "$@"
fi
folder=$2
shift 2
for place in etc usr/local; do
    kept="$folder/$(echo "$place" | tr / -)"
    mkdir -p "$kept/upper" "$kept/work"
    mount -t overlay overlay -o "lowerdir=/$place,upperdir=$kept/upper,workdir=$kept/work" "/$place"
done
exec "$@"
