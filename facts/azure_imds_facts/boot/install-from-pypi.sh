home=/opt/azure-imds-facts
python3 -m venv "$home" || {
    # Debian and Ubuntu keep a part of venv in a package of its own.
    apt-get -q update
    DEBIAN_FRONTEND=noninteractive apt-get -qy install --no-install-recommends python3-venv
    python3 -m venv --clear "$home"
}
# By their sha256, wheels alone, and nothing that is not named: no package runs code of its own to be installed.
install() {
    "$home/bin/python" -m pip install --disable-pip-version-check --no-deps --only-binary :all: -r "$1"
}
cat >"$home/requirements.txt" <<'END'
@REQUIREMENTS@
END
echo 'azure-imds-facts==@VERSION@@HASH@' >"$home/azure-imds-facts.txt"
install "$home/requirements.txt"
install "$home/azure-imds-facts.txt"
mkdir -p "$(dirname @PROGRAM@)"
ln -sf "$home/bin/azure-imds-facts" @PROGRAM@
