# SPDX-License-Identifier: Apache-2.0
"""What docs/fleets.md shows runs, on a fleet of a few VMs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from azure_imds_facts.emulator import EmulatedFleet
from lab.places import CHECKOUT, short_folder

from tests.e2e.shell import Shell
from tests.fleets.forms import TIMEOUT_S

PAGE = (CHECKOUT / "docs/fleets.md").read_text(encoding="utf-8")
COUNT = 4
pytestmark = pytest.mark.skipif(
    not shutil.which("ansible", path=str(Path(sys.executable).parent)), reason="Ansible is not installed here"
)


@pytest.fixture(name="shell")
def _shell() -> Iterator[Shell]:
    """A shell in a folder in which the examples are, as in a checkout."""
    with short_folder() as folder:
        (folder / "examples").symlink_to(CHECKOUT / "examples")
        shell = Shell(folder)
        shell.cwd = folder
        shell.env["ANSIBLE_CONFIG"] = str(CHECKOUT / "ansible.cfg")
        yield shell


def list_blocks(language: str) -> list[str]:
    """Return the blocks of code in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_commands(shell: Shell) -> None:
    """The commands, typed one after the other: facts of all hosts, and a group by fault domain out of the cache."""
    first, second = list_blocks("sh")
    control = str(shell.folder / "control")
    script = (first + second).replace("--fleet 1000", f"--fleet {COUNT}").replace("/tmp/fleet", control)
    # The inventory is there once the first VM is printed.
    script = script.replace(
        "hosts.yml &\n", "hosts.yml >started & fleet=$!\nuntil [ -s started ]; do sleep 0.1; done\n", 1
    )
    script = script.replace("azure_fault_domain_3", "azure_fault_domain_0")
    done = subprocess.run(
        ["bash", "-euc", f"{script}\nkill $fleet; wait $fleet"],
        env=shell.env,
        cwd=shell.folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("| SUCCESS =>") == 2 * COUNT
    assert "@azure_fault_domain_0:\n  |--vm-0\n  |--vm-1\n  |--vm-2\n" in done.stdout


def test_stopping_where_facts_are_old(shell: Shell) -> None:
    """The task ends the play for a host whose IMDS stopped answering, and for no other; the failure names the facts' time."""
    (block,) = list_blocks("yaml")
    gather = {"azure_imds.facts.azure_imds_facts": {"cache_ttl": 0, "timeout": 5}}
    (shell.folder / "play.yml").write_text(
        json.dumps([{"hosts": "all", "gather_facts": False, "tasks": [gather, *yaml.safe_load(block)]}])
    )
    with EmulatedFleet(2) as fleet:
        (shell.folder / "hosts.yml").write_text(json.dumps(fleet.inventory()))
        told = shell.run_ok("ansible-playbook", "-i", "hosts.yml", "play.yml")
        assert told.count("failed=0") == 2
        fleet["vm-1"].fault("503*forever")
        done = shell.run("ansible-playbook", "-i", "hosts.yml", "play.yml")
    assert re.search("vm-0 .*failed=0", done.stdout)
    assert re.search("vm-1 .*failed=1", done.stdout)
    assert re.search("IMDS did not answer; these facts are of 20[0-9-]+T[0-9:.]+", done.stdout)


def test_sources_are_named() -> None:
    """The table of an outage names sources that snapshots have, and the outcome without any."""
    table = PAGE.partition("| host |")[2].partition("\n\n")[0]
    assert re.findall("`azure_imds_snapshot_source` is `(.*?)`", table) == ["imds", "stale"]
    assert "`outcome: unreachable`" in table
