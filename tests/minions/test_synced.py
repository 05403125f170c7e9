# SPDX-License-Identifier: Apache-2.0
"""A minion that has nothing installed lives on what its master syncs to it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from lab.places import CHECKOUT

from tests.minions.conftest import SYNCED, Fleet
from tests.minions.daemons import Minion


@pytest.fixture
def newer(tmp_path: Path) -> Callable[[], Path]:
    """A function that returns sources of a version to come, whose facts name another cloud."""

    def build() -> Path:
        for part in ("facts", "collections"):
            shutil.copytree(CHECKOUT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        core = tmp_path / "collections/ansible_collections/azure_imds/facts/plugins/module_utils/imds"
        _replace(core / "versions.py", 'VERSION = "', 'VERSION = "9.')
        _replace(
            core / "facts.py", '"cloud": compute.name_cloud(section)', '"cloud": "Newer" + compute.name_cloud(section)'
        )
        return tmp_path / "facts"

    return build


def test_nothing_is_installed(fleet: Fleet) -> None:
    """The Python of the synced minion has Salt and no azure-imds-facts."""
    done = subprocess.run(
        [fleet.bare_bin / "python", "-c", "import salt.minion, azure_imds_facts"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "No module named 'azure_imds_facts'" in done.stderr


def test_restarted(fleet: Fleet) -> None:
    """What was synced is there when the minion starts again, before it has heard its master."""
    minion = fleet.minions[SYNCED]
    minion.end()
    minion.start()
    assert fleet.salt("-G", "azure_imds:compute:zone:3", "test.ping") == {SYNCED: True}
    assert fleet.salt(SYNCED, "azure_imds.facts", "gather=compute")[SYNCED]["compute"]["zone"] == "3"


def test_newer_export_takes_effect(fleet: Fleet, newer: Callable[[], Path]) -> None:
    """A newer export is what a running minion works with after sync_all, without a restart."""
    tree, minion = fleet.master.salt_tree, fleet.minions[SYNCED]
    program = f"import sys; sys.path.insert(0, {str(newer())!r}); from azure_imds_facts.cli import main; main()"
    log = minion.log
    try:
        minion.shell.run_ok("python", "-c", program, "export", "salt", str(tree))
        fleet.salt(SYNCED, "saltutil.clear_cache")
        fleet.salt(SYNCED, "saltutil.sync_all")
        fleet.master.wait_for({SYNCED: True}, "-G", "azure_imds:cloud:NewerAzureCloud", "test.ping")
        assert fleet.salt(SYNCED, "azure_imds.facts", "gather=tags")[SYNCED]["cloud"] == "NewerAzureCloud"
        fleet.salt(SYNCED, "azure_imds.refresh")
        assert minion.imds.requests[-1].headers["user-agent"].startswith("azure-imds-facts/9.")
    finally:
        fleet.master.shell.run_ok("azure-imds-facts", "export", "salt", str(tree))
        fleet.salt(SYNCED, "saltutil.sync_all")
    fleet.master.wait_for({SYNCED: True}, "-C", "G@azure_imds:cloud:AzureCloud and files", "test.ping")
    assert minion.log.startswith(log)  # it was not started again


def test_installed_and_synced(fleet: Fleet, add_minion: Callable[..., Minion]) -> None:
    """Where the package is installed and the tree is synced too, the tree is what works, and nothing fails."""
    both = add_minion("both")
    both.start()
    fleet.salt("both", "saltutil.sync_all")
    fleet.master.wait_for({"both": True}, "-C", "G@azure_imds:cloud:AzureCloud and both", "test.ping")
    assert set(fleet.salt("both", "azure_imds.facts")["both"]) >= {"cloud", "compute", "network", "tags"}
    assert fleet.salt("both", "azure_imds.refresh")["both"]["source"] == "imds"
    # The log names the package that asked.
    assert re.search(r"\[azure_imds_[0-9a-f]{10}\.salt\.grain", both.log)
    assert not re.search("Failed to (import|load).*azure_imds", both.log)


def _replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
