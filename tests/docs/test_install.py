# SPDX-License-Identifier: Apache-2.0
"""docs/install.md says what the packages are: paths, units, names of files, and the way around an old Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import tomllib
import yaml
from azure_imds_facts.core.versions import VERSION
from azure_imds_facts.emulator import Emulator
from linux_packages.release import NAME

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/install.md").read_text(encoding="utf-8")
# But for directories of the shells and of documentation, which an .rpm has to name.
PATHS = {
    row["to"]
    for row in tomllib.loads((ROOT / "packages/manifest.toml").read_text("utf-8"))["entries"]
    if "from" in row or "for" not in row
}
# Stand for all that is in them.
FOLDERS = {"/usr/share/doc/azure-imds-facts", "/usr/share/licenses/azure-imds-facts"}


def read_section(title: str) -> str:
    """Return what stands below a heading."""
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_a_checkout_has_what_is_typed_there() -> None:
    """Extras, targets of make and the collection's folder are there. tests/e2e/test_ansible_names.py installs that."""
    (block,) = re.findall(r"```sh\n(.*?)```", read_section("From a checkout, before the first release"), re.DOTALL)
    pip, galaxy, *made = block.splitlines()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert pip == "pip install '.[emulator]'"
    assert {"emulator", "attest", "yaml"} <= set(project["optional-dependencies"])
    assert (ROOT / galaxy.removeprefix("ansible-galaxy collection install ") / "galaxy.yml").is_file()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert made == [f"make {name}" for name in ("dist", "packages")]
    assert all(f"\n{line.removeprefix('make ')}:" in makefile for line in made)


def test_every_path_of_a_package_is_named() -> None:
    """The table has the manifest's paths, and no other."""
    named = set(re.findall(r"`(/[^`]+)`", read_section("What is where")))
    inside = {path for path in PATHS if os.path.dirname(path) in FOLDERS}
    assert named == (PATHS - inside) | FOLDERS


def test_files_are_called_so() -> None:
    """The commands name the packages as they are built, and the timer that the other one wants enabled."""
    assert f"apt install ./{NAME}_{VERSION}-1_all.deb\n" in read_section("Debian and Ubuntu")
    commands = read_section("RHEL 9 and other Enterprise Linux").split("```")[1]
    assert f"dnf install ./{NAME}-{VERSION}-1.noarch.rpm\n" in commands
    assert "systemctl enable --now azure-imds-facts.timer\n" in commands
    assert "deb-systemd-helper enable azure-imds-facts.timer" in (ROOT / "packages/deb/postinst").read_text("utf-8")


def test_what_goes_and_what_stays() -> None:
    """What the page says of a purge is what the script does."""
    purge = (ROOT / "packages/deb/postrm").read_text(encoding="utf-8")
    assert "/etc/azure-imds-facts/on-event" in purge
    assert "userdel azure-imds-events" in purge
    assert "/var/lib/azure-imds-events" in purge
    assert "every 15 to 20 minutes" in read_section("Debian and Ubuntu")


def test_python_floor() -> None:
    """The packages require the version that the page names."""
    assert "they require Python 3.8" in " ".join(TEXT.split())
    assert "python3:any (>= 3.8)" in (ROOT / "packages/deb/control").read_text(encoding="utf-8")
    assert "python3 >= 3.8" in (ROOT / f"packages/rpm/{NAME}.spec").read_text(encoding="utf-8")


def test_the_play_names_the_role_s_variable() -> None:
    """The variable is one of the role's, and its value the path that both distributions' packages have."""
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    (play,) = yaml.safe_load(block)
    specs = "collections/ansible_collections/azure_imds/facts/roles/local_facts/meta/argument_specs.yml"
    known = yaml.safe_load((ROOT / specs).read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    (role,) = play["roles"]
    assert set(role) - {"role"} <= set(known)
    assert role["local_facts_python"] == play["vars"]["ansible_python_interpreter"] == "/usr/bin/python3.11"


def test_the_script_for_another_python(tmp_path: Path) -> None:
    """Typed as it stands there, but for the roots of its paths, it puts a program there that collects."""
    (block,) = re.findall(r"```sh\n(.*?)```", read_section("RHEL 8 and SLES 15: another Python"), re.DOTALL)
    places = {"/usr/local/": f"{tmp_path}/", "/usr/bin/python3.11": sys.executable, "dist/": f"{tmp_path}/dist/"}
    for place, here in places.items():
        assert place in block
        block = block.replace(place, here)
    (tmp_path / "bin").mkdir()
    subprocess.run(
        [sys.executable, str(ROOT / "scripts/build-pyz.py"), str(tmp_path / "dist/azure-imds-facts.pyz")],
        check=True, capture_output=True,
    )  # fmt: skip
    subprocess.run(["sh", "-euc", block], check=True)
    with Emulator() as emulator:
        words = [str(tmp_path / "bin/azure-imds-facts"), "facts", "--endpoint", emulator.url]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"available": true' in done.stdout
