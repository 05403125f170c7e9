# SPDX-License-Identifier: Apache-2.0
"""The Ansible module under both of its names, from everywhere it can be installed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab.places import CHECKOUT

if TYPE_CHECKING:
    from tests.e2e.shell import Shell

SHORT = "azure_imds_facts"
FULL = "azure_imds.facts.azure_imds_facts"


@pytest.fixture
def elsewhere(shell: Shell) -> Shell:
    """A shell outside the checkout, in which Ansible does not find it: .venv has the project installed as well."""
    shell.cwd = shell.folder
    shell.env["ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"] = "false"
    return shell


def assert_facts(shell: Shell, module: str, endpoint: str, *, from_below: Path) -> None:
    """Assert that the module which lies below a path gives the facts of that VM."""
    documentation = json.loads(shell.run_ok("ansible-doc", "--json", module))
    assert Path(documentation[module]["doc"]["filename"]).resolve().is_relative_to(from_below.resolve())
    result = shell.ansible(module, f"endpoint={endpoint}")
    assert result["outcome"] == "ok"
    facts = result["ansible_facts"]
    assert facts["azure_imds_available"] is True
    assert facts["azure_imds_compute_vm_size"] == "Standard_D2s_v3"
    assert facts["azure_imds_compute_zone"] == "1"
    assert facts["azure_imds_tags"]["Cost Center"] == "47:11"
    assert facts["azure_imds_tags_cost_center"] == "47:11"


@pytest.mark.parametrize("module", [SHORT, FULL])
def test_checkout(shell: Shell, vm: str, module: str) -> None:
    """In a checkout, ansible.cfg makes both names work."""
    shell.env["ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"] = "false"
    assert_facts(shell, module, vm, from_below=shell.cwd)


def test_collection_tarball(elsewhere: Shell, vm: str, collection_tarball: Path) -> None:
    """Installed from its tarball, the collection gives the module by its full name."""
    path = elsewhere.folder / "collections"
    elsewhere.run_ok("ansible-galaxy", "collection", "install", "--offline", "-p", str(path), str(collection_tarball))
    elsewhere.env["ANSIBLE_COLLECTIONS_PATH"] = str(path)
    assert_facts(elsewhere, FULL, vm, from_below=path)


def test_collection_tarball_short_name(elsewhere: Shell, vm: str, collection_tarball: Path) -> None:
    """Where the module path holds the installed collection's modules, the short name works as well."""
    path = elsewhere.folder / "collections"
    elsewhere.run_ok("ansible-galaxy", "collection", "install", "--offline", "-p", str(path), str(collection_tarball))
    elsewhere.env["ANSIBLE_COLLECTIONS_PATH"] = str(path)
    elsewhere.env["ANSIBLE_LIBRARY"] = str(path / "ansible_collections/azure_imds/facts/plugins/modules")
    assert_facts(elsewhere, SHORT, vm, from_below=path)


def test_git(elsewhere: Shell, vm: str) -> None:
    """Installed from a git repository, of which the collection is a part, as docs/ansible.md shows it."""
    path = elsewhere.folder / "collections"
    shown = re.search(r"install '(git\+https://[^']+)'", (CHECKOUT / "docs/ansible.md").read_text(encoding="utf-8"))
    assert shown
    _repository, hash_, below = shown[1].partition("#")
    # Only what is committed is installed; a checkout that is no repository (an sdist) has nothing to show.
    if not (CHECKOUT / ".git").exists():
        pytest.skip("this is no git repository")
    source = f"git+file://{CHECKOUT}{hash_}{below}"
    elsewhere.run_ok("ansible-galaxy", "collection", "install", "-p", str(path), source)
    elsewhere.env["ANSIBLE_COLLECTIONS_PATH"] = str(path)
    assert_facts(elsewhere, FULL, vm, from_below=path)


def test_folder(elsewhere: Shell, vm: str) -> None:
    """Installed from the collection's folder in a checkout, as docs/install.md shows it."""
    path = elsewhere.folder / "collections"
    shown = re.search(
        r"(?m)^ansible-galaxy collection install (\S+)$", (CHECKOUT / "docs/install.md").read_text("utf-8")
    )
    assert shown
    elsewhere.run_ok("ansible-galaxy", "collection", "install", "--offline", "-p", str(path), str(CHECKOUT / shown[1]))
    elsewhere.env["ANSIBLE_COLLECTIONS_PATH"] = str(path)
    assert_facts(elsewhere, FULL, vm, from_below=path)


def test_wheel(elsewhere: Shell, vm: str, installed_wheel: Path) -> None:
    """Installed as a Python package beside Ansible, the module is there by its full name with nothing configured."""
    elsewhere.env["ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"] = "true"
    elsewhere.env["PYTHONPATH"] = str(installed_wheel)
    assert_facts(elsewhere, FULL, vm, from_below=installed_wheel)


def test_wheel_short_name(elsewhere: Shell, vm: str, installed_wheel: Path) -> None:
    """`azure-imds-facts export ansible-path` prints what makes the short name work."""
    elsewhere.env["ANSIBLE_COLLECTIONS_SCAN_SYS_PATH"] = "true"
    elsewhere.env["PYTHONPATH"] = str(installed_wheel)
    elsewhere.env["ANSIBLE_LIBRARY"] = elsewhere.run_ok("azure-imds-facts", "export", "ansible-path").strip()
    assert_facts(elsewhere, SHORT, vm, from_below=installed_wheel)
