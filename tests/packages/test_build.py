# SPDX-License-Identifier: Apache-2.0
"""What is built runs, is the same from the same sources, and is not built in silence where a tool is missing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core.versions import VERSION
from azure_imds_facts.emulator import Emulator
from linux_packages.manifest import PROGRAM
from staging import COMMANDS

from .conftest import BUILD, ROOT, Package, build


def run_program(package: Package, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the unpacked program as the launcher does, with another Python."""
    program = [sys.executable, "-IB", str(package.tree / "usr/share/azure-imds-facts")]
    environment = {"PATH": os.environ["PATH"]}
    return subprocess.run([*program, *words], env=environment, capture_output=True, text=True, check=False)


def test_the_launcher_is_isolated(package: Package) -> None:
    """It runs the system's Python on the tree: nothing of HOME, the folder or the environment, and writes no compiled files."""
    launcher = (package.tree / PROGRAM.lstrip("/")).read_text(encoding="utf-8")
    assert launcher.splitlines()[-1] == 'exec /usr/bin/python3 -IB /usr/share/azure-imds-facts "$@"'


def test_the_program_has_the_single_file_s_commands(package: Package) -> None:
    """These commands, this version, and no compiled files, before and after."""
    assert re.findall(r"(?m)^  ([a-z][a-z-]+)  ", run_program(package, "--help").stdout) == list(COMMANDS)
    assert run_program(package, "--version").stdout == f"azure-imds-facts {VERSION}\n"
    assert not list(package.tree.rglob("*.pyc"))


def test_the_program_collects(package: Package, tmp_path: Path) -> None:
    """It writes the local facts file, and removes it."""
    with Emulator() as emulator:
        done = run_program(package, "local-facts", "--directory", str(tmp_path), "--endpoint", emulator.url)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "azure_imds.fact").read_text(encoding="utf-8"))["available"] is True
    assert run_program(package, "local-facts", "--remove", "--directory", str(tmp_path)).returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_same_sources_make_the_same_bytes(package: Package, tmp_path: Path) -> None:
    """Neither time zone nor umask nor folder nor home shows in it; the time of the sources does."""
    before = os.umask(0o077)
    try:
        again = build(tmp_path / "again", "--only", package.kind, TZ="Asia/Tokyo", HOME=str(tmp_path))
    finally:
        os.umask(before)
    assert again.read_bytes() == package.path.read_bytes()
    other = build(tmp_path / "other", "--only", package.kind, SOURCE_DATE_EPOCH="1767225600")
    assert other.read_bytes() != package.path.read_bytes()


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        ((), "dpkg-deb, rpmbuild"),
        (("--only", "rpm"), "rpmbuild"),
        (("--lint",), "dpkg-deb, rpmbuild, lintian, rpmlint"),
    ],
)
def test_missing_tools_are_named(flags: tuple[str, ...], named: str, tmp_path: Path) -> None:
    """One line says what is missing and what installs it; nothing is built."""
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(
        [*BUILD, str(tmp_path / "dist"), *flags], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"make packages: missing: {named}. scripts/package-tools.sh installs them, as root on Debian or Ubuntu.\n"
    )
    assert not (tmp_path / "dist").exists()


def test_sources_without_a_time(tmp_path: Path) -> None:
    """Where neither git nor the environment says when the sources are of, a line does."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "today"}
    words = [*BUILD, str(tmp_path), "--only", "deb"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "SOURCE_DATE_EPOCH" in done.stderr


SCRIPTS = [path for path in sorted((ROOT / "packages").rglob("*")) if path.is_file() and path.read_bytes()[:2] == b"#!"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_sound(path: Path) -> None:
    """A plain shell reads each script."""
    assert os.access(path, os.X_OK)
    read = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")
