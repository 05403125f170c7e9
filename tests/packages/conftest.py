# SPDX-License-Identifier: Apache-2.0
"""Both packages, built from these sources; what is in them, and a tree with each unpacked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = (sys.executable, str(ROOT / "scripts/build-packages.py"))
NEEDS = {"deb": ("dpkg-deb",), "rpm": ("rpmbuild", "rpm2cpio", "cpio")}


@dataclass(frozen=True)
class Package:
    """A built package: `members` are path → (mode, owner, group), directories included; `tree` is it unpacked."""

    kind: str
    path: Path
    tree: Path
    members: dict[str, tuple[int, str, str]]

    def query(self, form: str) -> str:
        """Return what dpkg-deb or rpm says of it."""
        words = (
            ["dpkg-deb", "--show", f"--showformat={form}", str(self.path)]
            if self.kind == "deb"
            else ["rpm", "--query", "--package", f"--queryformat={form}", str(self.path)]
        )
        return run(*words)


def run(*words: str, **environment: str) -> str:
    """Run a program and return what it prints; it has to end well."""
    done = subprocess.run(
        words, env={**os.environ, "LC_ALL": "C", **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(folder: Path, *flags: str, **environment: str) -> Path:
    """Build one package and return its path."""
    return Path(run(*BUILD, str(folder), *flags, **environment).strip())


def check_tools(kind: str) -> None:
    """Skip where the kind of package cannot be built here."""
    missing = [tool for tool in NEEDS[kind] if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is missing: scripts/package-tools.sh installs it")


@pytest.fixture(scope="session", name="package", params=list(NEEDS))
def _package(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """Each of the two packages."""
    kind = request.param
    check_tools(kind)
    folder = tmp_path_factory.mktemp(kind)
    path = build(folder, "--only", kind)
    tree = folder / "tree"
    tree.mkdir()
    if kind == "deb":
        run("dpkg-deb", "--extract", str(path), str(tree))
        return Package(kind, path, tree, _list_deb(path))
    unpack = f'rpm2cpio "{path}" | (cd "{tree}" && cpio --quiet -idm --no-absolute-filenames)'
    run("bash", "-o", "pipefail", "-ec", unpack)
    return Package(kind, path, tree, _list_rpm(path))


def _list_deb(path: Path) -> dict[str, tuple[int, str, str]]:
    found = {}
    for line in run("dpkg-deb", "--contents", str(path)).splitlines():
        rights, owners, _size, _day, _time, name = line.split(None, 5)
        owner, group = owners.split("/")
        found[name.removeprefix(".").rstrip("/") or "/"] = (_read_mode(rights), owner, group)
    return found


def _list_rpm(path: Path) -> dict[str, tuple[int, str, str]]:
    form = "[%{FILENAMES}\\t%{FILEMODES:perms}\\t%{FILEUSERNAME}\\t%{FILEGROUPNAME}\\n]"
    lines = [line.split("\t") for line in run("rpm", "-qp", f"--queryformat={form}", str(path)).splitlines()]
    return {name: (_read_mode(rights), owner, group) for name, rights, owner, group in lines}


def _read_mode(rights: str) -> int:
    assert re.fullmatch(r"[d-]([r-][w-][x-]){3}", rights), rights
    return int("".join("0" if right == "-" else "1" for right in rights[1:]), 2)
