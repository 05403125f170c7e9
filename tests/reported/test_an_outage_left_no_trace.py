# SPDX-License-Identifier: Apache-2.0
"""Reported: "IMDS was down for an hour and no log says so", "the same line every seven seconds", "events prints nothing"."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import re
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.reported.command_line import run_in_pipe, start_with_errors_in, wait_for

SOURCE = (
    Path(__file__).parents[2]
    / "collections/ansible_collections/azure_imds/facts/extensions/eda/plugins/event_source/scheduled_events.py"
)
LOUD = logging.WARNING


@pytest.fixture(name="imds")
def _imds() -> Iterator[Emulator]:
    """A VM whose IMDS has no limits."""
    with Emulator(rate_limit=0) as emulator:
        yield emulator


def _kinds(lines: list[str], *, end: str) -> list[tuple[bool, bool, bool]]:
    """Return for each line whether it tells of 500, of 429 and of the end; the emulator's port may hold these digits."""
    return [(bool(re.search(r"\b500\b", line)), bool(re.search(r"\b429\b", line)), end in line) for line in lines]


# The command.


@pytest.mark.parametrize(
    ("others", "told"),
    [(1, "1 event names other VMs than web-01; --all prints them."), (3, "3 events name other VMs than web-01")],
)
def test_events_of_other_vms_are_silence(others: int, told: str, imds: Emulator) -> None:
    """Where events name other VMs alone, a line says how many, and what prints them."""
    flags = ("events", "--endpoint", imds.url)
    assert told.encode() not in run_in_pipe(*flags).stderr  # no event at all
    for _other in range(others):
        imds.event("Freeze", resources=["db"])
    done = run_in_pipe(*flags)
    assert (done.returncode, done.stdout) == (0, b"")
    (line,) = done.stderr.decode().splitlines()
    assert told in line
    assert run_in_pipe(*flags, "--all").stderr == b""
    imds.event("Reboot")
    assert run_in_pipe(*flags).stderr == b""


def test_a_watch_that_began_in_an_outage_never_said_that_it_is_over(imds: Emulator, tmp_path: Path) -> None:
    """One line for each kind of failure, however often it comes, and one for the end."""
    imds.fault("500*forever")
    errors = tmp_path / "errors"
    watching = start_with_errors_in(errors, "events", "--watch", "--endpoint", imds.url, "--timeout", "0.3")
    try:
        wait_for(lambda: len(imds.requests) > 30)  # several times
        imds.fault("429*forever")
        wait_for(lambda: any(is_429 for _, is_429, _ in _kinds(errors.read_text().splitlines(), end="begins")))
        imds.fault("")
        wait_for(lambda: "watching begins" in errors.read_text())
    finally:
        watching.terminate()
        assert watching.wait(30) == 0
    lines = [line for line in errors.read_text().splitlines() if "switches scheduled events on" not in line]
    assert _kinds(lines, end="begins") == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


# Salt's beacon.


@pytest.fixture(name="beacon")
def _beacon(imds: Emulator, tmp_path: Path) -> Callable[..., Any]:
    """Make a minion's watch, without the importer that Salt puts in the way of every later import."""
    finders = list(sys.meta_path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pytest.importorskip("salt.utils.platform", reason="Salt is not installed", exc_type=ImportError)
            watching = import_module("azure_imds_facts.salt.beacon_watch")
    finally:
        sys.meta_path[:] = finders

    def make(**settings: Any) -> Any:
        settings = {
            "endpoint": imds.url,
            "timeout": 0.3,
            "cache_dir": str(tmp_path / "cache"),
            "cache_ttl": 0,
            **settings,
        }
        opts = {"id": "vm", "cachedir": str(tmp_path), "azure_imds": settings}
        return watching.MinionWatch(opts, is_all=False)

    return make


def _poll(watch: Any, times: int) -> None:
    for _time in range(times):
        watch._resting_until = 0.0
        watch.poll()


def _loud(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage() for record in caplog.records if record.levelno >= LOUD and "events" in record.getMessage()
    ]


def test_the_beacon_failed_in_silence(imds: Emulator, beacon: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The first failure, each other one and the end stand in the minion's log as warnings, once each."""
    watch = beacon()
    _poll(watch, 1)
    for script in ("500*forever", "429*forever", ""):
        imds.fault(script)
        _poll(watch, 4)
    told = _loud(caplog)
    assert _kinds(told, end="answers again") == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip
    _poll(watch, 2)
    imds.fault("500*forever")
    _poll(watch, 2)
    assert len(_loud(caplog)) == 4  # the next outage is reported anew


def test_the_beacon_began_in_silence(imds: Emulator, beacon: Any, caplog: pytest.LogCaptureFixture) -> None:
    """So it is where IMDS does not answer when the minion starts."""
    imds.fault("500*forever")
    watch = beacon()
    _poll(watch, 3)
    imds.fault("429*forever")
    _poll(watch, 3)
    imds.fault("")
    _poll(watch, 3)
    told = _loud(caplog)
    assert [("unavailable" in line, "throttled" in line, "watching begins" in line) for line in told] == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


def test_the_beacon_is_loud_where_nothing_is_wrong(
    imds: Emulator, beacon: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off Azure, and while all is well, nothing stands in the log at its usual level."""
    _poll(beacon(), 3)
    monkeypatch.setenv("AZURE_IMDS_DISABLED", "1")
    _poll(beacon(), 3)
    assert _loud(caplog) == []


def test_the_beacon_hid_a_wrong_setting(beacon: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A setting that cannot be used is reported once."""
    _poll(beacon(timeout="soon"), 3)
    (line,) = _loud(caplog)
    assert "timeout" in line


# The event source of Event-Driven Ansible.


def _load_source(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Load the source, with pauses of a hundredth of their length."""
    spec = importlib.util.spec_from_file_location("scheduled_events_under_test", SOURCE)
    assert spec
    assert spec.loader
    source = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(source)

    async def pause(seconds: float) -> None:
        await asyncio.sleep(seconds / 100)

    monkeypatch.setattr(source, "asyncio", SimpleNamespace(sleep=pause, to_thread=asyncio.to_thread))
    return source


def _drive(source: Any, args: dict[str, Any], steps: Callable[[], None]) -> None:
    """Run the source beside `steps`, which may block; then cancel it."""

    async def both() -> None:
        running = asyncio.create_task(source.main(asyncio.Queue(), args))
        try:
            await asyncio.to_thread(steps)
        finally:
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(both())


def _answered(imds: Emulator, status: int, times: int) -> Callable[[], bool]:
    """Return whether IMDS has answered so many times more with a status."""
    before = len(imds.requests)
    return lambda: sum(request.status == status for request in imds.requests[before:]) >= times


def test_the_event_source_began_with_the_same_line_again_and_again(
    imds: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the start: one line for each kind of failure, and one for the end."""

    def steps() -> None:
        for script, status in (("500*forever", 500), ("429*forever", 429), ("", 200)):
            imds.fault(script)
            wait_for(_answered(imds, status, 1 if status == 200 else 16))  # more than one collection makes
        time.sleep(0.3)

    imds.fault("500*forever")
    _drive(_load_source(monkeypatch), {"endpoint": imds.url, "timeout": 1.0}, steps)
    lines = capsys.readouterr().err.splitlines()
    assert _kinds(lines, end="watching begins") == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip


def test_the_event_source_failed_in_silence(
    imds: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """During a watch: the first failure, each other one and the end."""

    def steps() -> None:
        for script, status in (("500*forever", 500), ("429*forever", 429), ("", 200)):
            imds.fault(script)
            wait_for(_answered(imds, status, 2))
        time.sleep(0.3)

    _drive(_load_source(monkeypatch), {"endpoint": imds.url, "vm_name": "web-01"}, steps)
    lines = capsys.readouterr().err.splitlines()
    assert _kinds(lines, end="answers again") == [
        (True, False, False), (False, True, False), (False, False, True),
    ]  # fmt: skip
