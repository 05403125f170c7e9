#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Run ansible-test on a copy of the collection, as Galaxy and the collections' own integration do: sanity, units and
# integration, the last with an emulated VM. `scripts/test-collection.sh [PYTHON_VERSION]`; the version is that of $PYTHON.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
bin=$root/.venv/bin
python=${1:-$("$bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')}
work=$root/build/ansible-test
copy=$work/ansible_collections/azure_imds/facts

rm -rf "$work/ansible_collections" "$work/.git"
mkdir -p "$(dirname "$copy")" "$work/home/.ansible/test/cache"
cp -r "$root/collections/ansible_collections/azure_imds/facts" "$copy"
find "$copy" -name __pycache__ -prune -exec rm -rf {} +
# ansible-test looks at what git knows.
git -C "$work" init -q
git -C "$work" add -A ansible_collections

# A virtual environment of its own would be filled by a get-pip.py from a server of Ansible's. Python brings pip along.
pip_version=$(sed -n 's/^.*get_pip_\([0-9_]*\)\.py.*$/\1/p' "$bin"/../lib/python*/site-packages/ansible_test/_internal/python_requirements.py | head -1)
for version in ${pip_version:-} 20_3_4 21_3_1 24_0 24_2 24_3_1 25_0_1 25_2; do
    echo 'import ensurepip; ensurepip.bootstrap(default_pip=True)' > "$work/home/.ansible/test/cache/get_pip_$version.py"
done

# Programs that choose a Python when they are called (those of pyenv) are none to ansible-test: name the real one.
real=$("$bin/python" -c 'import sys; print(sys.base_prefix)')/bin
run() {
    (cd "$copy" && env -u VIRTUAL_ENV HOME="$work/home" PATH="$real:$bin:/usr/local/bin:/usr/bin:/bin" \
        "$bin/ansible-test" "$@" --venv --python "$python" --color no)
}

if [ "${2:-}" = integration ]; then  # called by the last line, with an emulated VM
    echo "azure_imds_endpoint: $AZURE_IMDS_ENDPOINT" > "$copy/tests/integration/integration_config.yml"
    run integration --allow-unsupported
    exit
fi
echo "== ansible-test sanity"
run sanity
echo "== ansible-test units"
run units
echo "== ansible-test integration"
"$bin/python" "$root/scripts/with_emulated_vm.py" "$0" "$python" integration
