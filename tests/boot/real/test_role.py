# SPDX-License-Identifier: Apache-2.0
"""The collection's role on a machine that runs systemd."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from .commands import wait_for
from .conftest import VM_ID
from .guest import UNIT, Guest
from .network import Network
from .playing import play as play_role

TIMER = "azure-imds-facts.timer"
play = partial(play_role, role="local_facts")


def test_role(guest: Guest, network: Network, program: Path) -> None:
    """Check mode, the first run without IMDS, a second run, facts once IMDS is there, and removal leave what they should."""
    guest.remove()
    try:
        guest.start()
        guest.wait_for_target()
        assert play(guest, "--check")["changed"] > 0
        assert guest.show(UNIT, "LoadState") == "not-found"
        # Nobody answers yet: the play ends all the same, and the service waits.
        assert play(guest)["changed"] > 0
        assert guest.show(TIMER, "UnitFileState") == "enabled"
        assert guest.show(TIMER, "ActiveState") == "active"
        assert guest.show(UNIT, "ActiveState") == "activating"
        assert play(guest)["changed"] == 0
        with network.imds("--set", f"compute.vmId={VM_ID}", "--tag", "env=prod"):
            wait_for("the facts", guest.facts_file.exists, within_s=30)
        facts = guest.read_with_ansible()
        assert facts is not None
        assert facts["tags"]["env"] == "prod"
        assert play(guest, local_facts_state="absent")["changed"] > 0
        assert guest.show(UNIT, "LoadState") == "not-found"
        assert guest.show(TIMER, "ActiveState") == "inactive"
        left = guest.run("find", "/etc", "/run", "/usr/local/lib", "-xdev", "-name", "azure*imds*").stdout
        assert left == ""
        assert play(guest, local_facts_state="absent")["changed"] == 0
    finally:
        guest.cut_power()
        guest.prepare(program)
