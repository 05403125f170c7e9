# SPDX-License-Identifier: Apache-2.0
"""What is in the wheel, the sdist and the collection's tarball."""

from __future__ import annotations

import configparser
import re
import subprocess
import tarfile
import zipfile
from typing import TYPE_CHECKING

import yaml
from azure_imds_facts.core.versions import VERSION
from lab.places import CHECKOUT

if TYPE_CHECKING:
    from pathlib import Path

COLLECTION = "ansible_collections/azure_imds/facts"
CORE = f"{COLLECTION}/plugins/module_utils/imds"


def names_in_tarball(path: Path) -> set[str]:
    """Return the names of a tarball's files."""
    with tarfile.open(path) as tarball:
        return {member.name for member in tarball.getmembers() if not member.isdir()}


def tracked(*below: str) -> set[str]:
    """Return the files that git tracks below these folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *below], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return {name for name in listed.stdout.split("\0") if name and (CHECKOUT / name).exists()}


def test_wheel_has_both_trees(wheel: Path) -> None:
    """The wheel holds every tracked file of the collection and of the package, and nothing beside them."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    expected = {
        name.partition("/")[2]
        for name in tracked("collections", "facts")
        if not name.startswith(f"collections/{COLLECTION}/tests/")
    }
    assert expected <= names
    assert {name.split("/")[0] for name in names} == {"ansible_collections", "azure_imds_facts"}
    assert not [name for name in names if name.startswith(f"{COLLECTION}/tests/") or "__pycache__" in name]


def test_wheel_leaves_the_namespace_open(wheel: Path) -> None:
    """No __init__.py stands where other collections have their place."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    closed = {
        "ansible_collections/__init__.py",
        "ansible_collections/azure_imds/__init__.py",
        f"{COLLECTION}/__init__.py",
    }
    assert not closed & names


def test_wheel_metadata(wheel: Path) -> None:
    """The wheel names its version, its one dependency, its command and Salt's entry point."""
    with zipfile.ZipFile(wheel) as archive:
        inside = {name.rpartition("/")[2]: name for name in archive.namelist() if ".dist-info/" in name}
        metadata = archive.read(inside["METADATA"]).decode()
        entry_points = configparser.ConfigParser()
        entry_points.read_string(archive.read(inside["entry_points.txt"]).decode())
    assert f"\nVersion: {VERSION}\n" in metadata
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert needed == ["Requires-Dist: requests>=2.25"]
    assert entry_points["console_scripts"]["azure-imds-facts"] == "azure_imds_facts.cli:main"
    assert entry_points["salt.loader"]["azure_imds_facts"] == "azure_imds_facts.salt"
    assert {"COPYING", "LICENSE"} <= set(inside)


def test_sdist_is_complete(sdist: Path) -> None:
    """The sdist holds every tracked file, the one symbolic link apart, which hatchling leaves out."""
    names = {name.partition("/")[2] for name in names_in_tarball(sdist)}
    assert tracked() - names <= {"plugins", ".gitattributes"}


def test_collection_tarball(collection_tarball: Path) -> None:
    """The collection's tarball holds the module, the whole core and the licences."""
    names = names_in_tarball(collection_tarball)
    core = {f"plugins/module_utils/imds/{path.name}" for path in (CHECKOUT / "collections" / CORE).glob("*.py")}
    assert core
    assert core <= names
    assert {"plugins/modules/azure_imds_facts.py", "meta/runtime.yml", "COPYING", "LICENSE", "CHANGELOG.rst"} <= names


def test_one_version() -> None:
    """The collection and the changelog carry the version of the core, from which the distribution takes its own."""
    galaxy = yaml.safe_load((CHECKOUT / "collections" / COLLECTION / "galaxy.yml").read_text())
    assert galaxy["version"] == VERSION
    newest = re.search(r"^## (\S+?),", (CHECKOUT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest
    assert newest[1] == VERSION
    collection = (CHECKOUT / "collections" / COLLECTION / "CHANGELOG.rst").read_text()
    assert f"\nv{VERSION}\n" in collection


def test_licences_are_the_same() -> None:
    """The collection carries the licence texts of the root."""
    for name in ("COPYING", "LICENSE"):
        assert (CHECKOUT / "collections" / COLLECTION / name).read_text() == (CHECKOUT / name).read_text()


def test_the_page_on_pypi_leads_to_the_sources(wheel: Path) -> None:
    """README.md is the description, and each of its links and pictures leads to a file of this version."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        description = archive.read(name).decode().partition("\n\n")[2]
    linked = re.findall(r"\]\(([^)]+)\)", description)
    sources = [
        url for url in linked if f"/azure-imds-facts/blob/v{VERSION}/" in url or f"/v{VERSION}/docs/images/" in url
    ]
    assert [url for url in linked if not url.startswith(("https://", "#"))] == []
    assert len(sources) > 20
    for url in sources:
        assert (CHECKOUT / url.partition(f"/v{VERSION}/")[2].partition("#")[0]).is_file(), url
