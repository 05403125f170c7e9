# SPDX-License-Identifier: Apache-2.0
"""Test the event source of Event-Driven Ansible."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import runpy
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.support.stopwatch import Stopwatch

EDA = CHECKOUT / "collections/ansible_collections/azure_imds/facts/extensions/eda"
SOURCE = EDA / "plugins/event_source/scheduled_events.py"


@pytest.fixture
def imds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulated VM, and an environment that says nothing about another."""
    for name in [name for name in os.environ if name.startswith("AZURE_IMDS_")]:
        monkeypatch.delenv(name)
    with Emulator() as emulator:
        emulator.set("compute.name", "vm-one")
        yield emulator


def load() -> dict[str, Any]:
    """Load the source as ansible-rulebook does: the file alone, by its path."""
    return runpy.run_path(str(SOURCE))


async def drive(args: dict[str, Any], steps: Any) -> None:
    """Run the source beside `steps`, which gets the queue; then cancel it, as ansible-rulebook does at its end."""
    queue: asyncio.Queue[Any] = asyncio.Queue()
    source = asyncio.create_task(load()["main"](queue, args))
    try:
        await asyncio.wait_for(steps(queue), timeout=30)
    finally:
        source.cancel()
        with pytest.raises(asyncio.CancelledError):
            await source


def test_life_of_an_event(imds: Emulator) -> None:
    """Announced, started and over: each is told once, within two seconds, with the event's fields."""

    async def steps(queue: asyncio.Queue[Any]) -> None:
        watch = Stopwatch()
        event_id = imds.event("Reboot", notice="2s", lasts="2s")
        told = [await queue.get()]
        assert watch.seconds < 2
        assert (told[0]["change"], told[0]["event_id"], told[0]["event_type"]) == ("scheduled", event_id, "Reboot")
        assert told[0]["resources"] == ["vm-one"]
        assert told[0]["not_before"].endswith("Z")
        told += [await queue.get(), await queue.get()]
        assert [event["change"] for event in told] == ["scheduled", "started", "completed"]
        assert {event["event_id"] for event in told} == {event_id}
        await asyncio.sleep(1.5)
        assert queue.empty()

    asyncio.run(drive({"endpoint": imds.url}, steps))


def test_only_this_machine(imds: Emulator) -> None:
    """What concerns other machines alone is told with `all: true`, or under their name."""

    async def other_only(queue: asyncio.Queue[Any]) -> None:
        assert (await queue.get())["resources"] == ["another"]
        await asyncio.sleep(1.2)
        assert queue.empty()

    async def both(queue: asyncio.Queue[Any]) -> None:
        assert {(await queue.get())["resources"][0] for _ in range(2)} == {"another", "vm-one"}

    async def own_only(queue: asyncio.Queue[Any]) -> None:
        assert (await queue.get())["resources"] == ["vm-one"]
        await asyncio.sleep(1.2)
        assert queue.empty()

    imds.event("Freeze", resources=["another"])
    imds.event("Freeze")
    asyncio.run(drive({"endpoint": imds.url}, own_only))
    asyncio.run(drive({"endpoint": imds.url, "vm_name": "another"}, other_only))
    asyncio.run(drive({"endpoint": imds.url, "all": True}, both))


def test_outage(imds: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """While IMDS fails nothing is told, and what happened meanwhile is told after it."""

    async def steps(queue: asyncio.Queue[Any]) -> None:
        await asyncio.sleep(0.5)
        imds.fault("503*3")
        event_id = imds.event("Preempt")
        assert (await queue.get())["event_id"] == event_id

    asyncio.run(drive({"endpoint": imds.url, "all": True}, steps))
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"intervall": 1}, "knows no intervall"),
        ({"interval": 0.2}, "interval has to be 1.0 at the least"),
        ({"interval": "often"}, "interval has to be a number of seconds"),
        ({"all": "yes"}, "all has to be true or false"),
        ({"vm_name": ""}, "vm_name has to be a name"),
        ({"vm_name": 5}, "vm_name has to be a name"),
        ({"endpoint": "http://imds.example"}, "endpoint cannot be 'http://imds.example'"),
    ],
)
def test_bad_arguments(args: dict[str, Any], told: str, imds: Emulator) -> None:
    """The source ends at once and says what is wrong, without a request."""
    with pytest.raises(Exception, match=told):
        asyncio.run(load()["main"](asyncio.Queue(), args))
    assert imds.requests == []


@pytest.mark.parametrize("options", [{}, {"all": True}, {"vm_name": "vm-one"}])
@pytest.mark.parametrize(("variable", "value"), [("AZURE_IMDS_DISABLED", "1"), ("AZURE_IMDS_DETECT", "auto")])
def test_not_azure(
    options: dict[str, Any], variable: str, value: str, imds: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Switched off, or on another platform, the source ends without a request, whatever it was to tell of."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(Exception, match=r"DISABLED is set|not look like an Azure VM|not an Azure VM"):
        asyncio.run(load()["main"](asyncio.Queue(), {"endpoint": imds.url, **options}))
    assert imds.requests == []


@pytest.mark.parametrize("detect", ["auto", "skip"])
def test_detect(detect: str, imds: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The remedy that a machine which does not look like Azure is told, `detect: skip`, is an option."""
    monkeypatch.setenv("AZURE_IMDS_DETECT", "skip" if detect == "auto" else "auto")

    async def steps(queue: asyncio.Queue[Any]) -> None:
        imds.event("Reboot")
        assert (await queue.get())["change"] == "scheduled"

    if detect == "skip":
        asyncio.run(drive({"endpoint": imds.url, "detect": detect}, steps))
    else:
        with pytest.raises(Exception, match="detect"):
            asyncio.run(load()["main"](asyncio.Queue(), {"endpoint": imds.url, "detect": detect}))


def test_what_nobody_foresaw(imds: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure of any kind, an interpreter that has no thread to give for instance, is told once, and passes."""
    source, failures = load(), [RuntimeError("can't start new thread"), RuntimeError("again"), OSError("files")]

    def step() -> int:
        if failures:
            raise failures.pop(0)
        return 5

    assert asyncio.run(source["_persist"](step, pause_s=0, end="It works again.")) == 5
    assert capsys.readouterr().err.splitlines() == [
        "scheduled_events: can't start new thread Trying again.",
        "scheduled_events: files Trying again.",
        "scheduled_events: It works again.",
    ]


def test_errors_that_nobody_reads(imds: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A standard error that is closed ends nothing."""

    async def steps(queue: asyncio.Queue[Any]) -> None:
        imds.fault("503*2")
        await asyncio.sleep(1.5)
        imds.event("Preempt")
        assert (await queue.get())["event_type"] == "Preempt"

    reading, writing = os.pipe()
    os.close(reading)
    stream = open(writing, "w")  # noqa: SIM115  closing it fails too where something is left in it
    try:
        monkeypatch.setattr("sys.stderr", stream)
        asyncio.run(drive({"endpoint": imds.url}, steps))
    finally:
        monkeypatch.undo()
        with contextlib.suppress(BrokenPipeError):
            stream.close()


def test_full_queue(imds: Emulator) -> None:
    """While a rulebook takes nothing IMDS is not asked on, so that nothing piles up; then comes what is so by now."""

    async def run() -> list[str]:
        queue: asyncio.Queue[Any] = asyncio.Queue(1)  # as ansible-rulebook's
        source = asyncio.create_task(load()["main"](queue, {"endpoint": imds.url}))
        try:
            told = [await asyncio.wait_for(queue.get(), 30)]
            asked = len(imds.requests)
            for _round in range(50):
                imds.cancel_event(imds.event("Redeploy"))
            imds.event("Terminate")
            await asyncio.sleep(2.5)
            assert len(imds.requests) == asked
            told += [await asyncio.wait_for(queue.get(), 30) for _change in range(3)]
            return [event["event_type"] for event in told]
        finally:
            source.cancel()

    for kind in ("Reboot", "Freeze", "Preempt"):
        imds.event(kind)
    told = asyncio.run(run())
    assert (sorted(told[:3]), told[3]) == (["Freeze", "Preempt", "Reboot"], "Terminate")


def test_documentation() -> None:
    """Every argument is described, with the default that it has, and the rulebook uses what there is."""
    source = load()
    described = yaml.safe_load(source["DOCUMENTATION"])["options"]
    assert tuple(described) == source["_OPTIONS"]
    read = source["_read_arguments"]({})
    for name in ("interval", "all", "timeout"):
        assert described[name]["default"] == read[name]
    table = (
        (CHECKOUT / "docs/event-driven.md")
        .read_text()
        .partition("| option | says |\n|---|---|\n")[2]
        .partition("\n\n")[0]
    )
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(described)
    (ruleset,) = yaml.safe_load((EDA / "rulebooks/drain.yml").read_text())
    assert "azure_imds.facts.scheduled_events" in ruleset["sources"][0]
    namespace, collection, playbook = ruleset["rules"][0]["action"]["run_playbook"]["name"].split(".")
    assert (namespace, collection) == ("azure_imds", "facts")
    assert (EDA.parents[1] / f"playbooks/{playbook}.yml").is_file()
    assert {"change", "event_type"} <= set(described_keys(source["DOCUMENTATION"]))


def described_keys(text: str) -> list[str]:
    """Return the keys that an event has, as the documentation lists them."""
    return [part.partition(")")[0] for part in text.split("C(")[1:]]
