# SPDX-License-Identifier: Apache-2.0
"""The locks: complete, hashed, compiled from what stands beside them, and the only thing that the scripts install from."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
from pathlib import Path

import pytest
import tomllib
from locks import FOLDER, LOCKS, Lock, read_pins
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [*sorted((ROOT / "scripts").glob("*.sh")), ROOT / ".ci/run", ROOT / "Makefile"]
SHIPPED = ROOT / "facts/azure_imds_facts/boot/requirements.txt"
# Every `pip install` that takes no lock, with its reason.
WITHOUT_LOCK = {
    "scripts/locked.sh": "it is what installs the locks",
    "scripts/environments.sh": "this project itself, without dependencies",
    "scripts/bootstrap.sh": "this project itself, without dependencies",
    "scripts/test-windows.sh": "Windows' wheels by the hashes of requirements/windows, for another Python than pip's own",
    "scripts/test-artefacts.sh": "a user's installation of what was built, whatever versions PyPI has that day",
}


def read_lines(lock: Lock) -> list[Requirement]:
    """Return the requirements that a lock is compiled from."""
    lines = (FOLDER / f"{lock.name}.in").read_text(encoding="utf-8").splitlines()
    found = [line for line in lines if line and not line.startswith(("#", "-c "))]
    if lock.extra:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        extras = project["optional-dependencies"]
        found += project["dependencies"] + [
            line for line in extras[lock.extra] if not line.startswith("azure-imds-facts[")
        ]
    return [Requirement(line) for line in found]


def test_each_file_belongs_to_a_lock() -> None:
    """No lock without its source, no source without its lock, and the table names them all."""
    names = sorted(lock.name for lock in LOCKS)
    assert sorted(path.stem for path in FOLDER.glob("*.in")) == names
    assert sorted(path.stem for path in FOLDER.glob("*.txt")) == names


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_is_pinned_and_hashed(lock: Lock) -> None:
    """Each package is one exact version with its files' sha256, and nothing else stands in a lock."""
    pins = read_pins(lock.path)
    text = lock.path.read_text(encoding="utf-8")
    assert len(pins) == len(re.findall(r"(?m)^[^\s#]", text))
    for pin in pins:
        assert pin.hashes, pin.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in pin.hashes), pin.name


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
@pytest.mark.parametrize("bound", [0, -1], ids=["oldest", "newest"])
def test_a_lock_meets_its_source(lock: Lock, bound: int) -> None:
    """On the oldest and the newest Python each requirement is met by one version."""
    environment = {
        "python_version": lock.pythons[bound],
        "python_full_version": f"{lock.pythons[bound]}.1",
        "extra": "",
    }
    versions = {
        canonicalize_name(pin.name): pin.version
        for pin in read_pins(lock.path)
        if not pin.marker or Marker(pin.marker).evaluate(environment)
    }
    for requirement in read_lines(lock):
        assert requirement.specifier.contains(versions[canonicalize_name(requirement.name)], prereleases=True), (
            requirement
        )


@pytest.mark.parametrize("name", ["lint", "runtime", "cloud-init"])
def test_what_ships_has_one_version(name: str) -> None:
    """What the distribution brings along is in every lock the version of `emulator.txt`: that is what the tests ran with."""
    ours = {(pin.name, pin.version) for pin in read_pins(FOLDER / "emulator.txt")}
    known = {package for package, _ in ours}
    theirs = {(pin.name, pin.version) for pin in read_pins(FOLDER / f"{name}.txt") if pin.name in known}
    assert theirs <= ours


def test_this_environment_is_the_lock_s() -> None:
    """The tests run with what requirements/runtime.txt names."""
    marked = [pin for pin in read_pins(FOLDER / "runtime.txt") if not pin.marker or Marker(pin.marker).evaluate()]
    try:
        found = {pin.name: importlib.metadata.version(pin.name) for pin in marked}
    except importlib.metadata.PackageNotFoundError as error:
        pytest.skip(f"this is not the environment of requirements/runtime.txt: {error}")
    assert found == {pin.name: pin.version for pin in marked}


def test_what_ships_is_the_lock_s() -> None:
    """The cloud-config's lines are those of `cloud-init.txt`, each with one hash that is there too."""
    locked = {(pin.name, pin.version, pin.marker): pin.hashes for pin in read_pins(FOLDER / "cloud-init.txt")}
    lines = [line for line in SHIPPED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    shipped = {}
    for line in lines:
        match = re.fullmatch(r"(\S+)==(\S+)(?: ; (.+?))? --hash=(\S+)", line)
        assert match, line
        shipped[match[1], match[2], match[3] or ""] = match[4]
    assert set(shipped) == set(locked)
    assert all(digest in locked[key] for key, digest in shipped.items())


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_install_locks_alone(path: Path) -> None:
    """A script that calls `pip install` or `pip download` itself is in the table, and every lock it names is there."""
    text = re.sub(r"(?m)^\s*#.*$", "", path.read_text(encoding="utf-8"))
    calls = re.search(r"\bpip\b[^\n|&]*\b(install|download)\b|\bpip install\b", text)
    assert bool(calls) is (str(path.relative_to(ROOT)) in WITHOUT_LOCK), path.name


def test_packages_from_source_are_few() -> None:
    """The table has a reason for each, and each is in a lock."""
    script = 'source scripts/locked.sh; for name in "${!source_only[@]}"; do echo "$name: ${source_only[$name]}"; done'
    printed = subprocess.run(["bash", "-euc", script], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    table = dict(line.split(": ") for line in printed.splitlines())
    assert all(table.values())
    assert set(table) <= {pin.name for lock in LOCKS for pin in read_pins(lock.path)}
