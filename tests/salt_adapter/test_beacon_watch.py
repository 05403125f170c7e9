# SPDX-License-Identifier: Apache-2.0
"""Test the watch behind the beacon: where there is nothing to watch, and across a reload of the beacon."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module, reload
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.support.clocks import ManualClock


@pytest.fixture(scope="module")
def beacons(import_salt_adapter: Callable[[str], Any]) -> Any:
    """The beacon's module."""
    return import_salt_adapter("beacons.azure_imds_events")


@pytest.mark.parametrize("detect", ["auto", "skip"])
def test_nothing_to_watch(
    detect: str, beacons: Any, refused_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Off Azure, and where nobody answers, the beacon returns nothing, raises nothing, and rests: long, or a little."""
    settings = {
        "endpoint": refused_endpoint,
        "detect": detect,
        "timeout": 0.2,
        "cache_dir": str(tmp_path),
    }
    monkeypatch.setattr(beacons, "__opts__", {"cachedir": str(tmp_path), "azure_imds": settings}, raising=False)
    watching = import_module("azure_imds_facts.salt.beacon_watch")
    monkeypatch.setattr(watching, "_WATCHES", {})
    assert beacons.beacon([{"_beacon_name": "azure_imds_events"}]) == []
    (watch,) = watching._WATCHES.values()
    rests_s = watch._resting_until - watch._clock.monotonic()
    assert 50 < rests_s < 60 if detect == "auto" else 4 < rests_s < 5
    assert beacons.beacon([]) == []


def test_a_name_that_is_not_there_yet(beacons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where IMDS answers without this VM's name, the beacon asks for it again, and then returns its events."""
    watching = import_module("azure_imds_facts.salt.beacon_watch")
    monkeypatch.setattr(watching, "_WATCHES", {})
    with Emulator(rate_limit=0) as imds:
        name = imds.document["compute"]["name"]
        imds.set("compute.name", "")
        opts = {"cachedir": str(tmp_path), "azure_imds": {"endpoint": imds.url, "cache_ttl": 0}}
        monkeypatch.setattr(beacons, "__opts__", opts, raising=False)
        assert beacons.beacon([]) == []
        imds.set("compute.name", name)
        imds.event("Reboot")
        (watch,) = watching._WATCHES.values()
        watch._resting_until = 0.0
        assert [change["tag"] for change in beacons.beacon([])] == ["Reboot"]


def test_a_reload_of_beacons_repeats_nothing(beacons: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loader makes the beacon's module anew; what was returned is not of that module."""
    monkeypatch.setattr(import_module("azure_imds_facts.salt.beacon_watch"), "_WATCHES", {})
    with Emulator(rate_limit=0) as imds:
        imds.event("Reboot")
        opts = {"cachedir": str(tmp_path), "azure_imds": {"endpoint": imds.url}}
        monkeypatch.setattr(beacons, "__opts__", opts, raising=False)
        assert len(beacons.beacon([])) == 1
        reloaded = reload(beacons)
        monkeypatch.setattr(reloaded, "__opts__", opts, raising=False)
        assert reloaded.beacon([]) == []


@pytest.mark.parametrize("fault", ["503*forever", "429*forever", "hang*forever", "html*forever"])
@pytest.mark.parametrize("is_first", [False, True])
def test_an_outage_is_two_lines(
    fault: str, is_first: bool, beacons: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However long IMDS fails, the minion's log has one warning, and one line when it answers again."""
    watching = import_module("azure_imds_facts.salt.beacon_watch")
    clock = ManualClock()
    with Emulator(rate_limit=0) as imds:
        opts = {"cachedir": str(tmp_path), "azure_imds": {"endpoint": imds.url, "timeout": 0.6}}
        watch = watching.MinionWatch(opts, is_all=False, clock=clock)
        if not is_first:
            assert watch.poll() == []
        imds.fault(fault, path="/metadata/scheduledevents")
        for _second in range(4):
            clock.advance(6)
            watch.poll()
        imds.fault("", path="/metadata/scheduledevents")
        event = imds.event("Reboot")
        told: list[Any] = []
        for _second in range(4):
            clock.advance(16)
            told += watch.poll()
    assert [change["event_id"] for change in told if not change["reminder"]] == [event]
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(lines) == 2, lines
    assert "Watching goes on" in lines[0]
    assert "IMDS answers again" in lines[1]


def test_reminders(beacons: Any, tmp_path: Path) -> None:
    """What is scheduled is told again every minute, after a restart too, until it is acknowledged."""
    watching = import_module("azure_imds_facts.salt.beacon_watch")
    acknowledgements = import_module("azure_imds_facts.salt.acknowledgements")
    clock = ManualClock(now=time.time())
    with Emulator(rate_limit=0) as imds:
        opts = {"cachedir": str(tmp_path), "azure_imds": {"endpoint": imds.url}}

        def poll(watch: Any, *seconds: float) -> list[tuple[str, bool]]:
            told = []
            for moment in seconds:
                clock.advance(moment)
                told += watch.poll()
            return [(change["change"], change["reminder"]) for change in told]

        first = watching.MinionWatch(opts, is_all=False, remind_s=60.0, clock=clock)
        event = imds.event("Reboot")
        assert poll(first, 0) == [("scheduled", False)]
        assert poll(first, 30, 31, 30, 30) == [("scheduled", True)] * 2
        imds.fault("503*2", path="/metadata/scheduledevents")
        assert poll(first, 60) == [("scheduled", True)], "an outage of IMDS ends no reminders"
        again = watching.MinionWatch(opts, is_all=False, remind_s=60.0, clock=clock)
        assert poll(again, 1, 16, 61) == [("scheduled", True)]
        assert acknowledgements.acknowledge(opts, event)
        assert poll(again, 61, 61) == []
        imds.cancel_event(event)
        assert poll(again, 1, 61) == [("cancelled", False)]
