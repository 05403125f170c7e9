# SPDX-License-Identifier: Apache-2.0
"""Boots that continuous integration runs too: the normal one, IMDS late, not on Azure, and an announced reboot."""

from __future__ import annotations

import json
import re
import stat
import statistics
import time
from pathlib import Path

from .commands import wait_for
from .conftest import VM_ID
from .guest import EVENTS_UNIT, UNIT, Guest
from .network import Network, find_network_up

COMMAND = """\
#!/bin/sh
echo "$AZURE_IMDS_EVENT_CHANGE $AZURE_IMDS_EVENT_TYPE $(id -u)" >>/var/log/on-event
"""
MACHINE = ("--set", f"compute.vmId={VM_ID}", "--set", "compute.vmSize=Standard_D2s_v3", "--tag", "env=prod")


def test_normal(guest: Guest, network: Network) -> None:
    """With IMDS up the facts are right, for all to read, and no target has waited for them."""
    with network.imds(*MACHINE):
        guest.start()
        result = guest.wait_for_service()
        facts = guest.read_with_ansible()
    assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), guest.journal()
    assert facts is not None
    assert facts["compute"]["vm_size"] == "Standard_D2s_v3"
    assert facts["tags"]["env"] == "prod"
    assert facts["snapshot"]["source"] == "imds"
    assert facts["snapshot"]["vm_id_verified"] is True
    # The unit's own /proc shows the kernel's boot id, which a container like this one shares with its host.
    assert facts["snapshot"]["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    found = guest.facts_file.stat()
    assert (stat.S_IMODE(found.st_mode), found.st_uid, found.st_nlink) == (0o644, 0, 1)
    assert stat.S_IMODE(guest.facts_file.parent.stat().st_mode) == 0o755
    assert guest.run("stat", "--format=%a", "/run/azure-imds-facts").stdout == "700\n"
    assert guest.run("ls", "/run/azure-imds-facts").stdout.count(".json\n") == 1
    guest.wait_for_target()
    wait_for("the end of the boot", lambda: guest.read_state() == "running", within_s=20)
    for target in ("multi-user.target", "graphical.target", "basic.target", "timers.target"):
        assert UNIT not in guest.run("systemd-analyze", "critical-chain", target, "--no-pager").stdout


def test_files_of_other_programs(guest: Guest, network: Network) -> None:
    """The same unit writes for Facter and node_exporter, with one request, into the directories that the unit lets it."""
    setting = "AZURE_IMDS_LOCAL_FACTS_FORMAT=ansible,facter,prometheus:/var/lib/prometheus/node-exporter\n"
    settings = guest.root / "etc/default/azure-imds-facts"
    before = settings.read_text()
    folders = [guest.root / "etc/facter/facts.d", guest.root / "var/lib/prometheus/node-exporter"]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    settings.write_text(before + setting)
    try:
        with network.imds(*MACHINE):
            guest.start()
            result = guest.wait_for_service()
            facts = guest.read_with_ansible()
        assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), guest.journal()
        assert json.loads((folders[0] / "azure_imds.json").read_text()) == {"azure_imds": facts}
        assert 'vm_size="Standard_D2s_v3"' in (folders[1] / "azure_imds.prom").read_text()
        assert len([request for request in network.requests() if "/metadata/instance" in request]) == 1
    finally:
        settings.write_text(before)


def test_five_boots_take_a_second(guest: Guest, network: Network) -> None:
    """From the default route to the written file it takes at most a second, the median of five boots."""
    taken = []
    with network.imds(*MACHINE):
        for _ in range(5):
            guest.forget()
            with network.watch_routes() as routes:
                guest.start()
                guest.wait_for_service()
                taken.append(guest.facts_file.stat().st_mtime - find_network_up(routes))
            guest.cut_power()
    print("from network up to facts, seconds:", " ".join(f"{seconds:.2f}" for seconds in sorted(taken)))
    assert 0 < statistics.median(taken) <= 1


def test_imds_late(guest: Guest, network: Network) -> None:
    """IMDS comes 20 seconds late: no facts until then, right ones at once after, and nothing else has waited."""
    guest.start()
    reached = guest.wait_for_target()
    time.sleep(max(0.0, 20 - (time.time() - guest.booted_at)))
    assert guest.read_with_ansible() is None
    assert guest.show(UNIT, "ActiveState") == "activating"
    # The one trace of the wait: the manager calls a boot over when no job is left.
    assert guest.read_state() == "starting"
    with network.imds(*MACHINE):
        up = time.time()
        result = guest.wait_for_service()
        facts = guest.read_with_ansible()
    written = guest.facts_file.stat().st_mtime
    print(f"multi-user.target {reached:.1f} s after the start; facts {written - up:.2f} s after IMDS came")
    assert (result["Result"], result["ExecMainStatus"]) == ("success", "0"), guest.journal()
    assert facts is not None
    assert facts["compute"]["vm_size"] == "Standard_D2s_v3"
    assert facts["snapshot"]["source"] == "imds"
    assert reached < 15
    assert written - up < 2
    assert UNIT not in guest.run("systemd-analyze", "critical-chain", "multi-user.target", "--no-pager").stdout


def test_not_azure(guest: Guest, network: Network) -> None:
    """On another platform nothing is asked, nothing written, and the unit has not failed."""
    guest.be(tag="Amazon EC2", uuid=VM_ID)
    with network.imds(*MACHINE):
        guest.start()
        result = guest.wait_for_service()
        assert guest.read_with_ansible() is None
    assert (result["Result"], result["ExecMainStatus"]) == ("success", "3"), guest.journal()
    assert not guest.facts_file.exists()
    assert network.requests() == []
    assert "Amazon EC2" in guest.journal()


def test_reboot_that_azure_announced(guest: Guest, network: Network) -> None:
    """The unit drains before an announced reboot, approves it, and goes on after it: every change is told once."""
    told = guest.write_command(COMMAND)
    (guest.root / "etc/default/azure-imds-events").write_text("WATCH_OPTIONS=--approve-on-success\n")
    guest.enable(EVENTS_UNIT)
    try:
        with network.imds(*MACHINE, "--event", "Reboot:after=1s:notice=10m:lasts=20s"):
            guest.start()
            wait_for("a reboot that has begun", lambda: "started Reboot 0" in read_lines(told), within_s=40)
            assert read_lines(told) == ["scheduled Reboot 0", "started Reboot 0"]
            time.sleep(1)  # a command that the end of the machine cuts off runs again after it
            guest.shut_down()
            guest.start()
            wait_for("the end of the reboot", lambda: "completed Reboot 0" in read_lines(told), within_s=60)
            guest.wait_for_bus()
            assert guest.show(EVENTS_UNIT, "ActiveState") == "active"
            assert guest.show(EVENTS_UNIT, "NRestarts") == "0"
            check_confinement(guest)
        assert read_lines(told) == ["scheduled Reboot 0", "started Reboot 0", "completed Reboot 0"]
        assert sum("POST /metadata/scheduledevents" in request for request in network.requests()) == 1
    finally:
        guest.enable(EVENTS_UNIT, how="disable")


def check_confinement(guest: Guest) -> None:
    """The watcher is a user of its own without a right; the command was root's; others may not connect."""
    pid = guest.show(EVENTS_UNIT, "MainPID")
    status = guest.run("cat", f"/proc/{pid}/status").stdout
    assert guest.run("stat", "--format=%U", f"/proc/{pid}").stdout == "azure-imds-events\n"
    assert {line.split()[1] for line in status.splitlines() if line.startswith("Cap")} == {"0" * 16}
    assert guest.run("stat", "--format=%U %G %a", "/run/azure-imds-event.sock").stdout == "root azure-imds-events 660\n"
    assert guest.run("stat", "--format=%U %a", "/run/azure-imds-events").stdout == "root 700\n"
    shown = guest.run("systemd-analyze", "security", "--no-pager", EVENTS_UNIT, "azure-imds-event@1.service").stdout
    exposures = [float(one) for one in re.findall(r"Overall exposure level for \S+: ([0-9.]+)", shown)]
    print("exposure of the watcher, and of what runs the command:", *exposures)
    assert exposures[0] < 2.5
    assert guest.run("systemctl", "--failed", "--plain", "--no-legend").stdout == ""


def read_lines(path: Path) -> list[str]:
    """Return a file's lines, `[]` where there is none."""
    return path.read_text().splitlines() if path.exists() else []
