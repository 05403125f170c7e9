# SPDX-License-Identifier: Apache-2.0
"""Local facts: written by the command, read by plain Ansible."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.e2e.shell import Shell


def test_written_and_read_back(shell: Shell, vm: str) -> None:
    """What the command writes is what Ansible's setup gives as ansible_local.azure_imds."""
    directory = shell.folder / "facts.d"
    directory.mkdir()
    shell.run_ok("azure-imds-facts", "local-facts", "--directory", str(directory), "--endpoint", vm)
    written = directory / "azure_imds.fact"
    # Ansible runs what is executable, and ignores in silence what it may not read.
    assert stat.S_IMODE(written.stat().st_mode) == 0o644
    result = shell.ansible(
        "ansible.builtin.setup", f"filter=ansible_local gather_subset=!all,!min,local fact_path={directory}"
    )
    facts = result["ansible_facts"]["ansible_local"]["azure_imds"]
    assert facts == json.loads(written.read_text())
    assert facts["available"] is True
    assert facts["compute"]["vm_size"] == "Standard_D2s_v3"
    assert facts["tags"] == {"Cost Center": "47:11", "env": "prod", "role": "web"}
    assert facts["snapshot"]["endpoint"] == vm


def test_failure_keeps_the_facts(shell: Shell, vm: str) -> None:
    """Where IMDS does not answer, the facts stay, marked stale, and the exit code says why."""
    directory = shell.folder / "facts.d"
    directory.mkdir()
    shell.run_ok("azure-imds-facts", "local-facts", "--directory", str(directory), "--endpoint", vm)
    before = json.loads((directory / "azure_imds.fact").read_text())
    failed = shell.run(
        *("azure-imds-facts", "local-facts", "--directory", str(directory)),
        *("--endpoint", "http://127.0.0.1:1", "--timeout", "1"),
    )
    assert failed.returncode == 4
    assert failed.stdout == ""
    assert "Traceback" not in failed.stderr
    before["snapshot"]["source"] = "stale"
    assert json.loads((directory / "azure_imds.fact").read_text()) == before
