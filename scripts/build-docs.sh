#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Build the site into build/docs/html: `scripts/build-docs.sh`. Strict: a warning of any part fails, as does a link or an
# anchor that leads to no place, and a page that no other names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/environments.sh
exec </dev/null

set_up "$PWD/build/site" .venv/bin/python site
readonly site=$PWD/build/site/bin source=$PWD/build/docs/source
export AZURE_IMDS_CHECKOUT=$PWD HOME=$PWD/build ANSIBLE_HOME=$PWD/build/ansible-lint NO_COLOR=1
export ANSIBLE_COLLECTIONS_PATH=$PWD/collections PATH="$site:$PATH"

rm -rf build/docs/source build/docs/html
mkdir -p "$source"
cp -r docs/. "$source"
"$site/antsibull-docs" collection --use-current --fail-on-error --no-add-antsibull-docs-version \
    --dest-dir "$source" azure_imds.facts
# The theme shows each page's contents beside it, and takes a second list for a mistake.
find "$source/collections" -name '*.rst' -exec sed -i '/^\.\. contents::/,/^$/d' {} +
"$site/sphinx-build" --jobs auto --fail-on-warning --keep-going --quiet --doctree-dir build/docs/doctrees \
    "$source" build/docs/html
echo "build/docs/html/index.html"
