# SPDX-License-Identifier: Apache-2.0
"""What else becomes of a package on a machine: images, upgrades, removal, the watch of events, and the .rpm."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from .commands import run, wait_for
from .guest import EVENTS_UNIT, UNIT, Guest
from .network import Network
from .packages import NAME, apt, build, compare, list_disk
from .test_package import TIMER
from .test_short import COMMAND, MACHINE, check_confinement, read_lines

STATE = "var/lib/azure-imds-events/events.json"


@pytest.fixture(scope="session", name="next_deb")
def _next_deb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's next version."""
    return build(tmp_path_factory.mktemp("next"), "--only", "deb", "--release", "2")


def test_into_an_image(bare: Guest, network: Network, deb: Path) -> None:
    """Where systemd does not run nothing is started; a machine of that image has facts at its first boot."""
    before = list_disk(bare)
    run("install", "-D", "-m", "644", str(deb), str(bare.root / "opt/packages" / deb.name))
    done = run("chroot", str(bare.root), "dpkg", "--install", f"/opt/packages/{deb.name}")
    assert (bare.root / "etc/systemd/system/timers.target.wants" / TIMER).is_symlink(), done.stdout
    with network.imds(*MACHINE):
        bare.start()
        bare.wait_for_service()
        assert bare.read_with_ansible() is not None
        bare.shut_down()
    run("chroot", str(bare.root), "dpkg", "--purge", NAME)
    left = compare(before, list_disk(bare))
    assert not [path for path in left if "azure" in path or "ansible" in path or "users" in path], left


def test_upgrade(bare: Guest, network: Network, deb: Path, next_deb: Path) -> None:
    """Settings stay, a run that waits for IMDS goes on, afterwards the upgrade renews the facts, and what is disabled stays so."""
    bare.start()
    bare.wait_for_target()
    apt(bare, "install", str(deb))
    wait_for("a run", lambda: bare.show(UNIT, "ActiveState") == "activating", within_s=30)
    pid = bare.show(UNIT, "MainPID")
    bare.set(AZURE_IMDS_GATHER="compute,tags")
    started = time.monotonic()
    apt(bare, "install", str(next_deb))
    assert time.monotonic() - started < 60
    assert bare.run("dpkg-query", "--show", "--showformat=${Version}", NAME).stdout.endswith("-2")
    assert (bare.show(UNIT, "MainPID"), bare.show(UNIT, "ActiveState")) == (pid, "activating")
    with network.imds(*MACHINE):
        bare.wait_for_service()
        facts = bare.read_with_ansible()
        assert facts is not None
        assert "network" in facts  # the settings of before, with which it was started

        apt(bare, "install", "--reinstall", str(next_deb))
        wait_for("another run", lambda: "network" not in (bare.read_with_ansible() or {"network": 0}), within_s=30)
        assert bare.show(TIMER, "ActiveState") == bare.show("azure-imds-facts-refresh.timer", "ActiveState") == "active"
        bare.wait_for_service()
        bare.run("systemctl", "disable", "--now", TIMER)
        apt(bare, "install", "--reinstall", str(next_deb))
        assert (bare.show(TIMER, "UnitFileState"), bare.show(TIMER, "ActiveState")) == ("disabled", "inactive")


def test_remove_and_install_again(bare: Guest, network: Network, deb: Path) -> None:
    """Facts go with the program, settings stay, no unit has failed; installed again it works with the settings of before."""
    bare.start()
    bare.wait_for_target()
    apt(bare, "install", str(deb))
    bare.set(AZURE_IMDS_GATHER="compute,tags", AZURE_IMDS_TIMEOUT="2")
    bare.run("systemctl", "restart", UNIT, check=False)
    assert bare.show(UNIT, "Result") == "exit-code"
    bare.facts_file.write_text("[mine]\n")
    apt(bare, "remove", NAME)
    assert bare.facts_file.read_text() == "[mine]\n"
    bare.facts_file.unlink()
    assert bare.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""
    assert not (bare.root / "usr/share/azure-imds-facts").exists()
    assert "compute,tags" in (bare.root / "etc/default/azure-imds-facts").read_text()
    with network.imds(*MACHINE):
        apt(bare, "install", str(deb))
        wait_for("facts", bare.facts_file.exists, within_s=30)
        assert "network" not in (bare.read_with_ansible() or {"network": 0})
        bare.wait_for_service()
        apt(bare, "remove", NAME)
    assert not bare.facts_file.exists()
    assert bare.run("find", "/run", "-name", "*azure-imds*").stdout == ""


def test_events(bare: Guest, network: Network, deb: Path, next_deb: Path) -> None:
    """The watch is off until it is enabled, then runs the command; an upgrade tells nothing twice; a purge leaves nothing."""
    with network.imds(*MACHINE):
        bare.start()
        bare.wait_for_target()
        before = list_disk(bare)
        apt(bare, "install", str(deb))
        assert bare.show(EVENTS_UNIT, "UnitFileState") == "disabled"
        assert bare.show(EVENTS_UNIT, "ActiveState") == "inactive"
        told = bare.write_command(COMMAND)
        bare.run("systemctl", "enable", "--now", EVENTS_UNIT)
        network.plan("Reboot:notice=10m:lasts=40s")
        wait_for("the command", lambda: read_lines(told) == ["scheduled Reboot 0"], within_s=60)
        pid = bare.show(EVENTS_UNIT, "MainPID")
        apt(bare, "install", str(next_deb))
        wait_for("a new watch", lambda: is_watching(bare, before=pid), within_s=60)
        check_confinement(bare)
        time.sleep(3)
        assert read_lines(told) == ["scheduled Reboot 0"]
        assert (bare.root / STATE).exists()
        apt(bare, "purge", NAME)
    assert bare.run("find", "/run", "-name", "*azure-imds*").stdout == ""
    assert compare(before, list_disk(bare)) == {}


@pytest.mark.skipif(
    shutil.which("rpmbuild") is None, reason="rpmbuild is missing: scripts/package-tools.sh installs it"
)
def test_rpm(bare: Guest, network: Network, tmp_path: Path) -> None:
    """By rpm, with Enterprise Linux's preset: nothing is enabled, then it works as the .deb; erased it leaves its state alone."""
    first, second = build(tmp_path, "--only", "rpm"), build(tmp_path, "--only", "rpm", "--release", "2")
    preset = bare.root / "usr/lib/systemd/system-preset/99-default-disable.preset"
    preset.write_text("disable *\n")
    before = list_disk(bare)
    use_rpm(bare, "--install", str(first))
    link = bare.root / "etc/systemd/system/timers.target.wants" / TIMER
    assert not link.is_symlink()
    assert "azure-imds-events:" in (bare.root / "etc/passwd").read_text()
    assert list((bare.root / "usr/share/azure-imds-facts").rglob("*.pyc"))
    bare.enable(TIMER)
    bare.set(AZURE_IMDS_GATHER="compute,tags")
    use_rpm(bare, "--upgrade", str(second))
    assert link.is_symlink()
    assert "compute,tags" in (bare.root / "etc/default/azure-imds-facts").read_text()
    with network.imds(*MACHINE):
        bare.start()
        result = bare.wait_for_service()
        assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), bare.journal()
        facts = bare.read_with_ansible()
        assert facts is not None
        assert "network" not in facts
        bare.shut_down()
    use_rpm(bare, "--erase", NAME)
    left = compare(before, list_disk(bare))
    about = [path for path in left if "azure" in path or "ansible" in path]
    assert about == ["/etc/default/azure-imds-facts.rpmsave"], left


def is_watching(guest: Guest, *, before: str) -> bool:
    """Return whether another process than before watches, as its own user: for a moment systemd's child is root still."""
    pid = guest.show(EVENTS_UNIT, "MainPID")
    user = guest.run("stat", "--format=%U", f"/proc/{pid}", check=False).stdout.strip()
    return pid != before and user == "azure-imds-events"


def use_rpm(guest: Guest, *words: str) -> None:
    """Run rpm on the disk of a guest that is off. Debian's database knows nothing of what an .rpm requires."""
    run("rpm", "--root", str(guest.root), "--force-debian", "--nodeps", *words)
