# SPDX-License-Identifier: Apache-2.0
"""The role that drains a machine before scheduled events, on one that runs systemd."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

from .commands import wait_for
from .guest import EVENTS_UNIT, Guest
from .network import Network
from .playing import play as play_role
from .test_short import COMMAND, MACHINE, check_confinement, read_lines

play = partial(play_role, role="scheduled_events", scheduled_events_approve_on_success=True)
SOCKET = "azure-imds-event.socket"
PROGRAM = "/usr/local/lib/azure-imds-events/azure-imds-events"
# As the unit of before did: until it has told of one event, and stored that.
OLDER = """
/usr/local/bin/azure-imds-facts events --watch --exec 'touch /run/told' & pid=$!
while [ ! -e /run/told ]; do sleep 0.1; done
sleep 2; kill $pid; wait $pid
"""


def test_role(guest: Guest, network: Network, program: Path) -> None:
    """From nothing: an event is drained, approved, survives the reboot and is completed; then all of it is removed."""
    guest.remove()
    told = guest.root / "var/log/on-event"
    try:
        with network.imds(*MACHINE):
            guest.start()
            guest.wait_for_target()
            assert play(guest, "--check", scheduled_events_command=COMMAND)["changed"] > 0
            assert guest.show(EVENTS_UNIT, "LoadState") == "not-found"
            assert play(guest, scheduled_events_command=COMMAND)["changed"] > 0
            assert guest.show(EVENTS_UNIT, "ActiveState") == guest.show(SOCKET, "ActiveState") == "active"
            pid = guest.show(EVENTS_UNIT, "MainPID")
            assert play(guest, scheduled_events_command=COMMAND)["changed"] == 0
            # Another command is no reason to start the watcher anew, another policy is.
            assert play(guest, scheduled_events_command=COMMAND + "# changed\n")["changed"] == 1
            assert guest.show(EVENTS_UNIT, "MainPID") == pid
            assert play(guest, scheduled_events_command=COMMAND, scheduled_events_types=["Reboot"])["changed"] == 3
            assert guest.show(EVENTS_UNIT, "MainPID") != pid
            network.plan("Reboot:notice=10m:lasts=40s")
            wait_for("a reboot that has begun", lambda: "started Reboot 0" in read_lines(told), within_s=60)
            time.sleep(1)  # a command that the end of the machine cuts off runs again after it
            guest.shut_down()
            guest.start()
            wait_for("the end of the reboot", lambda: "completed Reboot 0" in read_lines(told), within_s=90)
            guest.wait_for_bus()
            assert guest.show(EVENTS_UNIT, "NRestarts") == "0"
            check_confinement(guest)
            shown = guest.run("runuser", "-u", "azure-imds-events", "--", PROGRAM, "events", "--status").stdout
            assert "Reboot" in shown
        assert read_lines(told) == ["scheduled Reboot 0", "started Reboot 0", "completed Reboot 0"]
        assert sum("POST /metadata/scheduledevents" in request for request in network.requests()) == 1
        assert play(guest, scheduled_events_state="absent")["changed"] > 0
        assert guest.show(EVENTS_UNIT, "LoadState") == guest.show(SOCKET, "LoadState") == "not-found"
        places = ("/etc", "/run", "/usr/local/lib", "/var/lib")
        assert guest.run("find", *places, "-xdev", "-name", "azure*imds*").stdout == ""
        assert guest.run("getent", "passwd", "azure-imds-events", check=False).stdout == ""
        assert play(guest, scheduled_events_state="absent")["changed"] == 0
    finally:
        guest.cut_power()
        guest.prepare(program)


def test_upgrade_and_a_watcher_that_is_killed(guest: Guest, network: Network) -> None:
    """What the older unit has told is not told again, and a command outlives the watcher, which finds it again."""
    told = guest.write_command(
        '#!/bin/sh\necho "$AZURE_IMDS_EVENT_CHANGE $AZURE_IMDS_EVENT_TYPE" >>/var/log/on-event\n'
        "while [ ! -e /run/go ]; do sleep 0.1; done\n"
    )
    (guest.root / "etc/default/azure-imds-events").write_text("WATCH_OPTIONS=--approve-on-success\n")
    with network.imds(*MACHINE, "--event", "Redeploy:after=0s:notice=10m:lasts=20s"):
        guest.start()
        guest.wait_for_target()
        guest.run("sh", "-c", OLDER)
        assert (guest.root / "var/lib/azure-imds-facts/events.json").exists()
        guest.run("systemctl", "start", EVENTS_UNIT)
        time.sleep(3)
        said = guest.run("journalctl", "--boot", f"--unit={EVENTS_UNIT}", "--output=cat", "--no-pager").stdout
        assert read_lines(told) == [], said
        assert not (guest.root / "var/lib/azure-imds-facts/events.json").exists()
        network.plan("Reboot:notice=10m:lasts=20s")
        wait_for("the command", lambda: read_lines(told) == ["scheduled Reboot"], within_s=20)
        pid = guest.show(EVENTS_UNIT, "MainPID")
        guest.run("systemctl", "kill", "--signal=KILL", EVENTS_UNIT)
        # Newer versions of systemd count no restart where a socket is restarted with the service.
        wait_for("a new watcher", lambda: guest.show(EVENTS_UNIT, "MainPID") not in ("0", pid), within_s=40)
        time.sleep(2)
        assert read_lines(told) == ["scheduled Reboot"]
        assert not any("POST /metadata/scheduledevents" in request for request in network.requests())
        guest.run("touch", "/run/go")
        wait_for("the start of the reboot", lambda: "started Reboot" in read_lines(told), within_s=30)
        assert read_lines(told).count("scheduled Reboot") == 1
