# SPDX-License-Identifier: Apache-2.0
"""Test the shipped rulebook in a real ansible-rulebook: from an event of IMDS to its approval."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.emulator import Emulator
from lab.processes import Background

from tests.eda.rulebooks import Plays, find_missing, running_rulebook
from tests.support.stopwatch import Stopwatch

MISSING = find_missing()
pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


@pytest.fixture(scope="module")
def imds() -> Iterator[Emulator]:
    """An emulated VM of the name vm-one."""
    with Emulator() as emulator:
        emulator.set("compute.name", "vm-one")
        yield emulator


@pytest.fixture(scope="module")
def command(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What drains the machine: a file that each test writes."""
    return tmp_path_factory.mktemp("drain") / "on-event"


@pytest.fixture(scope="module")
def program(imds: Emulator, command: Path) -> Iterator[Background]:
    """The shipped rulebook, watching, with an inventory that has a plain localhost in it."""
    inventory = {"all": {"hosts": {"localhost": None}, "vars": {"azure_drain_command": ["sh", str(command)]}}}
    command.with_name("inventory.yml").write_text(json.dumps(inventory))
    with running_rulebook("azure_imds.facts.drain", command.parent, endpoint=imds.url) as running:
        running.wait_until(lambda: looks(imds) > 1, timeout_s=60)
        yield running


@pytest.fixture
def plays(program: Background) -> Plays:
    """What its output tells of its plays."""
    return Plays(program)


def looks(imds: Emulator) -> int:
    """Return how often IMDS was asked for events."""
    return sum(request.path.endswith("scheduledevents") for request in imds.requests)


def statuses(imds: Emulator) -> dict[str, str]:
    """Return the status of each event that IMDS lists."""
    return {event.event_id: event.status for event in EventClient(imds.url, HttpTransport).fetch_timeline().events}


def drains(command: Path, then: str = "true") -> Path:
    """Let the command leave a mark, then do this; return where the mark will be."""
    mark = command.with_name("drained")
    mark.unlink(missing_ok=True)
    command.write_text(f"touch {mark}\n{then}\n")
    return mark


def test_preempt(program: Background, plays: Plays, imds: Emulator, command: Path) -> None:
    """A Preempt reaches its command in less than five seconds, and is approved when that has ended."""
    mark = drains(command)
    with plays.expecting(good=1):
        watch = Stopwatch()
        event_id = imds.event("Preempt")
        program.wait_until(mark.exists, timeout_s=60)
        assert watch.seconds < 5
    assert statuses(imds)[event_id] == "Started"
    assert watch.seconds < 10


def test_failing_command(plays: Plays, imds: Emulator, command: Path) -> None:
    """Where the command fails nothing is approved, and the rulebook goes on."""
    mark = drains(command, "exit 3")
    with plays.expecting(failed=1):
        event_id = imds.event("Reboot")
    assert mark.exists()
    assert statuses(imds)[event_id] == "Scheduled"
    imds.cancel_event(event_id)


def test_shared(program: Background, plays: Plays, imds: Emulator, command: Path) -> None:
    """An event that names another machine is drained for, and not approved, and the play says why."""
    mark = drains(command)
    with plays.expecting(failed=1):
        event_id = imds.event("Reboot", resources=["vm-one", "db1"])
    assert mark.exists()
    assert statuses(imds)[event_id] == "Scheduled"
    assert "it names other VMs too (db1" in program.read_log()
    imds.cancel_event(event_id)


def test_outage(program: Background, plays: Plays, imds: Emulator, command: Path) -> None:
    """What is announced while IMDS fails is drained for once it answers."""
    mark = drains(command)
    imds.fault("503*1000")
    wait_for_looks(program, imds)
    with plays.expecting(good=1):
        event_id = imds.event("Reboot")
        wait_for_looks(program, imds)
        assert not mark.exists()
        imds.fault("")
    assert mark.exists()
    assert statuses(imds)[event_id] == "Started"
    assert "Watching goes on" in program.read_log()


def wait_for_looks(program: Background, imds: Emulator) -> None:
    """Wait until IMDS was asked, and answered, after this call."""
    before = looks(imds)
    program.wait_until(lambda: looks(imds) > before + 1, timeout_s=60)


def test_beside_each_other(program: Background, plays: Plays, imds: Emulator, command: Path) -> None:
    """The drain of a Preempt does not wait for that of a Reboot."""
    go_on = command.with_name("go-on")
    first = drains(command, f"while [ ! -e {go_on} ]; do sleep 0.1; done")
    with plays.expecting(good=2):
        reboot = imds.event("Reboot")
        program.wait_until(first.exists, timeout_s=60)
        time.sleep(0.2)  # the shell has read the rest of its script by now
        drains(command)
        try:
            with plays.expecting(good=1):
                preempt = imds.event("Preempt")
            assert (statuses(imds)[preempt], statuses(imds)[reboot]) == ("Started", "Scheduled")
        finally:
            go_on.touch()
    assert statuses(imds)[reboot] == "Started"
