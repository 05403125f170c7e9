home=/opt/azure-imds-facts
python3 -m venv "$home" || {
    # Debian and Ubuntu keep a part of venv in a package of its own.
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends python3-venv
    python3 -m venv --clear "$home"
}
"$home/bin/python" -m pip install --disable-pip-version-check 'azure-imds-facts==@VERSION@'
mkdir -p "$(dirname @PROGRAM@)"
ln -sf "$home/bin/azure-imds-facts" @PROGRAM@
