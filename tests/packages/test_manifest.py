# SPDX-License-Identifier: Apache-2.0
"""Both packages hold what packages/manifest.toml says, and nothing else: paths, modes, owners, content."""

from __future__ import annotations

import gzip
import re
import subprocess

import tomllib
from azure_imds_facts.commands.export_systemd import TREE, build_tree
from azure_imds_facts.core.versions import VERSION
from linux_packages.manifest import DIRECTORY_MODE, KINDS, PROGRAM, Entry, read_manifest
from linux_packages.release import read_release

from .conftest import ROOT, Package

MANIFEST = tomllib.loads((ROOT / "packages/manifest.toml").read_text(encoding="utf-8"))


def read(package: Package) -> dict[str, Entry]:
    """Return the manifest's entries for a package, by path."""
    return {entry.path: entry for entry in read_manifest(package.kind, read_release(1).values)}


def test_every_row_is_known() -> None:
    """No row has a word that nothing reads."""
    for row in MANIFEST["entries"]:
        assert set(row) <= {"to", "from", "mode", "kind", "for"}, row
        assert row.get("for", "deb") in {"deb", "rpm"}
        assert row.get("kind", "doc") in KINDS
        assert row["to"].startswith("/")
    places = [(row["to"], row.get("for")) for row in MANIFEST["entries"]]
    assert len(places) == len(set(places))


def test_paths_modes_and_owners(package: Package) -> None:
    """Each path of the manifest is there, root's, with its mode; beside them there are the directories above alone."""
    entries = read(package)
    for path, entry in entries.items():
        assert package.members.get(path) == (entry.mode, "root", "root"), path
        assert (package.tree / path.lstrip("/")).is_dir() is (entry.content is None), path
    others = {path: what for path, what in package.members.items() if path not in entries}
    assert set(others.values()) <= {(DIRECTORY_MODE, "root", "root")}
    assert all(any(path == "/" or known.startswith(f"{path}/") for known in entries) for path in others), others
    # A directory that other packages have too is no .rpm's.
    assert package.kind == "deb" or not others


def test_content(package: Package) -> None:
    """Each file has its content, and no `@NAME@` is left where it should have been filled in."""
    for path, entry in read(package).items():
        if entry.content is None:
            continue
        content = (package.tree / path.lstrip("/")).read_bytes()
        assert content == entry.content, path
        text = (gzip.decompress(content) if path.endswith(".gz") else content).decode()
        if not path.startswith("/usr/share/azure-imds-facts/"):
            assert not re.search(r"@[A-Z_]+@", text), path


def test_units_are_those_of_the_export(package: Package) -> None:
    """Units, user and settings are what `export systemd` writes for this program; units stand where packages have them."""
    for path, content in build_tree(PROGRAM).items():
        place = re.sub(r"^etc/(systemd/system|sysusers\.d)/", r"usr/lib/\1/", path)
        assert (package.tree / place).read_text(encoding="utf-8") == content
    folder = package.tree / "usr/lib/systemd/system"
    assert {f"etc/systemd/system/{unit.name}" for unit in folder.iterdir()} == {
        path for path in TREE if "/system/" in path
    }


def test_settings_are_the_administrator_s(package: Package) -> None:
    """What stands below /etc/default is known as configuration, and nothing else is."""
    settings = {f"/{path}" for path in TREE if path.startswith("etc/default/")}
    assert {entry.path for entry in read(package).values() if entry.kind == "config"} == settings
    if package.kind == "deb":
        shown = subprocess.run(
            ["dpkg-deb", "--info", str(package.path), "conffiles"], capture_output=True, text=True, check=True
        )
        assert set(shown.stdout.split()) == settings
    else:
        lines = package.query("[%{FILENAMES} %{FILEFLAGS:fflags}\\n]").splitlines()
        flags = dict(line.partition(" ")[::2] for line in lines)
        # c: configuration; n: a changed one is not replaced.
        assert {path for path, flag in flags.items() if "c" in flag} == settings
        assert {path for path, flag in flags.items() if "n" in flag} == settings


def test_it_needs_python_alone(package: Package) -> None:
    """The system's Python is the one requirement, beside the shell and what rpm itself has to know."""
    if package.kind == "deb":
        assert package.query("${Depends}|${Pre-Depends}|${Recommends}") == "python3:any (>= 3.8)||"
        assert package.query("${Version}|${Architecture}|${Multi-Arch}") == f"{VERSION}-1|all|foreign"
    else:
        lines = package.query("[%{REQUIRES} %{REQUIREFLAGS:depflags} %{REQUIREVERSION}\\n]").splitlines()
        needed = {" ".join(line.split()) for line in lines if not line.startswith("rpmlib(")}
        assert needed == {"/bin/sh", "python3 >= 3.8"} | {line for line in needed if line.startswith("config(")}
        assert package.query("%{VERSION}-%{RELEASE}.%{ARCH}") == f"{VERSION}-1.noarch"
