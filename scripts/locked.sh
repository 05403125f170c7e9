# SPDX-License-Identifier: Apache-2.0
# Install what the locks of requirements/ name: by hashes, and wheels alone. Read by `source`, from the checkout.
# shellcheck shell=bash
export PIP_CACHE_DIR="${PIP_CACHE_DIR:-$PWD/build/pip-cache}"

# What PyPI has as source only, with the reason. It is built with what requirements/build.txt names, and nothing else.
declare -Ar source_only=(
    [argparse-manpage]='the project publishes no wheel'
    [contextvars]='the project publishes no wheel; Salt 3006 alone asks for it'
    [reuse]='each version has a wheel for one Python alone, another one each time'
    [rpm-vercmp]='the project publishes no wheel; Salt 3006 alone asks for it'
    [salt]='the project publishes no wheel'
    [timelib]='the project publishes no wheel; it is C, so a compiler is needed'
)

# install_locked PYTHON LOCK...: install requirements/LOCK.txt into the environment of PYTHON. The locks are complete, so
# nothing else comes in.
install_locked() {
    local -r interpreter="$1"
    shift
    local named lock files=()
    named="$(IFS=,; printf '%s' "${!source_only[*]}")"
    for lock in "$@"; do files+=(--requirement "requirements/$lock.txt"); done
    "$interpreter" -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
        --only-binary=:all: --no-binary="$named" --no-build-isolation "${files[@]}"
}
