# SPDX-License-Identifier: Apache-2.0
"""Scheduled events on the master's bus: the beacon, the reactor and the drain of docs/salt-events.md, with real daemons."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT, short_folder
from lab.salted import reserved_ports, salt_master, write_master_config

from tests.e2e.shell import Shell
from tests.minions.daemons import Master, Minion
from tests.support.stopwatch import Stopwatch

PAGE = (CHECKOUT / "docs/salt-events.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```yaml\n# (/\S+)\n(.*?)```", PAGE, re.DOTALL))
# Prints what comes over the master's bus.
LISTENER = """
import json, sys
import salt.config, salt.utils.event
opts = salt.config.client_config(sys.argv[1] + "/master")
with salt.utils.event.get_event("master", opts=opts, sock_dir=opts["sock_dir"], listen=True) as bus:
    print(json.dumps("listening"), flush=True)
    while True:
        event = bus.get_event(wait=1, full=True)
        if event and event["tag"].startswith("salt/beacon/"):
            print(json.dumps(event), flush=True)
"""


@dataclass
class Bus:
    """What was heard on the master's bus from beacons."""

    process: subprocess.Popen[str]
    heard: list[dict[str, Any]] = field(default_factory=list)

    def wait_for(self, **wanted: str) -> dict[str, Any]:
        """Return the next event with these values in it."""
        assert self.process.stdout
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            self.heard.append(event)
            if all(event["data"].get(name) == value for name, value in wanted.items()):
                return event
        raise AssertionError(f"no {wanted} among {self.heard}")


@dataclass
class Watched:
    """A master with the reactor of docs/salt-events.md, and one minion with its beacon."""

    master: Master
    minion: Minion
    bus: Bus
    drained: Path


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Start them; the state `drain` writes a file."""
    with short_folder() as folder, ExitStack() as stack:
        shell = Shell(folder)
        ports = stack.enter_context(reserved_ports())
        master = Master(folder, shell)
        master.configure()
        stack.callback(master.prompt.close)
        drained = folder / "drained"
        for place, content in FILES.items():
            if place.startswith(("/srv/salt/reactor", "/srv/salt/orch/drain")):
                target = folder / place[1:]
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(content)
        (master.salt_tree / "drain.sls").write_text(f"note it:\n  cmd.run:\n    - name: echo drained >>{drained}\n")
        reactor = FILES["/etc/salt/master.d/azure_imds_events.conf"].replace("/srv/salt", str(master.salt_tree))
        (folder / "master.d/reactor.conf").write_text(reactor)
        write_master_config(folder, ports=ports)
        stack.enter_context(salt_master(folder, env=shell.env))
        imds = stack.enter_context(Emulator())
        imds.set("compute.name", "web")
        beacons = yaml.safe_load(FILES["/etc/salt/minion.d/azure_imds_events.conf"])
        minion = Minion(folder / "web", imds, ports=ports, options=beacons)
        stack.callback(minion.end)
        minion.start()
        listener = [sys.executable, "-c", LISTENER, str(folder)]
        process = stack.enter_context(subprocess.Popen(listener, env=shell.env, stdout=subprocess.PIPE, text=True))
        stack.callback(process.kill)
        assert process.stdout
        assert json.loads(process.stdout.readline()) == "listening"
        yield Watched(master, minion, Bus(process), drained)


def statuses(imds: Emulator) -> dict[str, str]:
    """Return event → status, as IMDS lists them."""
    timeline = EventClient(imds.url, HttpTransport).fetch_timeline()
    return {event.event_id: event.status for event in timeline.events}


def wait_until(is_so: Callable[[], bool], *, timeout_s: float) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_reboot_is_drained_and_approved(watched: Watched) -> None:
    """A reboot is on the bus within two seconds; the reactor runs a state and approves; then Azure reboots."""
    imds = watched.minion.imds
    watch = Stopwatch()
    event_id = imds.event("Reboot", lasts="2s")
    told = watched.bus.wait_for(event_id=event_id)
    assert watch.seconds < 2
    assert told["tag"] == "salt/beacon/web/azure_imds_events/Reboot"
    assert (told["data"]["change"], told["data"]["event_status"]) == ("scheduled", "Scheduled")
    assert told["data"]["id"] == "web"
    # It was announced 15 minutes ahead: only an approval lets it start now.
    watched.bus.wait_for(event_id=event_id, change="started")
    assert watched.drained.read_text() == "drained\n"
    assert watch.seconds < 60
    watched.bus.wait_for(event_id=event_id, change="completed")
    changes = [event["data"]["change"] for event in watched.bus.heard if event["data"].get("event_id") == event_id]
    assert changes == ["scheduled", "started", "completed"]


def test_acknowledged(watched: Watched) -> None:
    """The orchestration has acknowledged the event before it drained: to do so again fails."""
    event_id = next(event["data"]["event_id"] for event in watched.bus.heard if event["tag"].endswith("/Reboot"))
    code, _output, _errors = watched.master.prompt.run(
        "salt", "-c", str(watched.master.folder), "web", "azure_imds.acknowledge", event_id
    )
    assert code != 0
    assert watched.master.salt("web", "azure_imds.acknowledge", event_id) == {"web": False}


def test_shared_is_drained_and_not_approved(watched: Watched) -> None:
    """An event that names another machine too is drained for, and starts when Azure lets it."""
    imds = watched.minion.imds
    shared = imds.event("Redeploy", resources=["web", "other"])
    told = watched.bus.wait_for(event_id=shared)
    assert told["data"]["concerns_others"] is True
    wait_until(lambda: watched.drained.read_text() == "drained\n" * 2, timeout_s=60)
    time.sleep(3)
    assert statuses(imds)[shared] == "Scheduled"
    imds.cancel_event(shared)
    watched.bus.wait_for(event_id=shared, change="cancelled")


def test_an_id_with_a_comma_is_one_name(watched: Watched) -> None:
    """For what calls itself `web,db` no machine named web is drained."""
    before = watched.drained.read_text()
    pillar = {"minion": "web,db", "event_id": "e", "concerns_others": False}
    code, output, errors = watched.master.prompt.run(
        "salt-run", "-c", str(watched.master.folder), "state.orchestrate", "orch.drain", f"pillar={json.dumps(pillar)}"
    )
    assert code != 0, output + errors
    assert "No minions" in output or "web,db" in output, output + errors
    assert watched.drained.read_text() == before
    assert watched.master.salt("web", "azure_imds.acknowledge", "e") == {"web": True}


def test_others_are_not_told(watched: Watched) -> None:
    """What concerns another machine alone is not told here, and a freeze is told and not drained."""
    imds = watched.minion.imds
    imds.event("Redeploy", resources=["elsewhere-01"])
    freeze = imds.event("Freeze", lasts="1s")
    heard = watched.bus.wait_for(event_id=freeze)
    assert "elsewhere-01" not in json.dumps(watched.bus.heard)
    assert heard["tag"].endswith("/Freeze")
    imds.cancel_event(freeze)
    assert watched.bus.wait_for(event_id=freeze, change="cancelled")
    assert watched.drained.read_text() == "drained\n" * 2


def test_restart_and_outage(watched: Watched) -> None:
    """Neither a minion that restarts nor an IMDS that was away tells anything twice or forgets anything."""
    imds = watched.minion.imds
    first = imds.event("Freeze")
    watched.bus.wait_for(event_id=first)
    time.sleep(2.5)  # what was told is kept with the next look
    watched.minion.end()
    imds.fault("503*4")
    second = imds.event("Freeze")
    watched.minion.start()
    watched.bus.wait_for(event_id=second)
    told = [event["data"]["event_id"] for event in watched.bus.heard]
    assert told.count(first) == 1
    assert "Traceback" not in watched.minion.log
    for event in (first, second):
        imds.cancel_event(event)


def test_an_outage_is_two_lines(watched: Watched) -> None:
    """While IMDS fails the minion's log has one warning, and one line when it answers again."""
    imds, before = watched.minion.imds, len(watched.minion.log)
    imds.fault("503*forever")
    time.sleep(5)
    imds.fault("")
    event = imds.event("Freeze")
    watched.bus.wait_for(event_id=event)
    lines = re.findall(r"\[WARNING *\].* azure_imds_events: (.*)", watched.minion.log[before:])
    assert len(lines) == 2, lines
    assert "Watching goes on" in lines[0]
    assert "IMDS answers again" in lines[1]
    imds.cancel_event(event)


def test_approve_by_hand(watched: Watched) -> None:
    """`azure_imds.approve` starts an event, says so the second time, and refuses an id that is gone."""
    imds = watched.minion.imds
    event_id = imds.event("Freeze", lasts="60s")
    answer = {"event_id": event_id, "approved": True, "already_started": False}
    assert watched.master.salt("web", "azure_imds.approve", event_id) == {"web": answer}
    assert statuses(imds)[event_id] == "Started"
    assert watched.master.salt("web", "azure_imds.approve", event_id) == {"web": {**answer, "already_started": True}}
    imds.cancel_event(event_id)
    refused = watched.master.salt("web", "azure_imds.approve", event_id)["web"]
    assert refused.startswith("ERROR: rejected: Event ")


def test_requests(watched: Watched) -> None:
    """The beacon makes one request a second at the most."""
    imds = watched.minion.imds
    before, started = len(imds.requests), time.monotonic()
    time.sleep(5)
    assert len(imds.requests) - before <= time.monotonic() - started + 1
