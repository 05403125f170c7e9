# SPDX-License-Identifier: Apache-2.0
"""The .deb in a Debian that has nothing else: the case that continuous integration runs too."""

from __future__ import annotations

from pathlib import Path

from .commands import wait_for
from .guest import UNIT, Guest
from .network import Network
from .packages import NAME, apt, compare, list_disk
from .test_short import MACHINE

TIMER = "azure-imds-facts.timer"
# Where Debian's helper keeps what it has enabled.
STATE = Path("/var/lib/systemd/deb-systemd-helper-enabled") / f"{TIMER}.dsh-also"


def test_install_boot_and_purge(bare: Guest, network: Network, deb: Path) -> None:
    """Facts are there after the installation, and after the next boot; a purge leaves the disk as it was."""
    with network.imds(*MACHINE):
        bare.start()
        bare.wait_for_target()
        before = list_disk(bare)
        said = apt(bare, "install", str(deb))
        assert "warning" not in said.lower(), said
        wait_for("facts", bare.facts_file.exists, within_s=30)
        assert {"/usr/bin/azure-imds-facts", str(STATE), "users in passwd"} <= compare(before, list_disk(bare)).keys()
        assert bare.show(TIMER, "UnitFileState") == "enabled"
        assert bare.run(NAME, "--version").stdout.startswith(f"{NAME} ")
        bare.wait_for_service()
        bare.shut_down()

        bare.facts_file.unlink()
        bare.start()
        result = bare.wait_for_service()
        assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), bare.journal()
        facts = bare.read_with_ansible()
        assert facts is not None
        assert (facts["tags"]["env"], facts["snapshot"]["source"]) == ("prod", "imds")
        bare.wait_for_target()
        said = apt(bare, "purge", NAME)
        assert "warning" not in said.lower(), said
        assert bare.show(UNIT, "LoadState") == "not-found"
        assert bare.run("find", "/run", "-name", "*azure-imds*").stdout == ""
        assert bare.run("systemctl", "list-units", "--all", "--no-legend", "azure-imds*").stdout == ""
        assert compare(before, list_disk(bare)) == {}
        wait_for("a machine without failures", lambda: bare.read_state() == "running", within_s=30)
