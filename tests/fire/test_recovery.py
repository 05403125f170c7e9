# SPDX-License-Identifier: Apache-2.0
"""Troubles that pass: with patience there are facts. No test waits: the clock is moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.facts import Snapshot
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.versions import KNOWN, NEWEST

from tests.fire.behaviours import document
from tests.support.clocks import ManualClock
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply

BOOT_S = 300.0


class Machine:
    """A machine on a clock of its own, whose IMDS is wrong until a moment."""

    def __init__(self, root: Path) -> None:
        self.clock = ManualClock()
        self.host: Host = build_host(root / "host")
        self.cache = str(root / "cache")
        self.reporter = ListReporter()
        self.moments: list[float] = []

    def until(self, seconds: float, wrong: Any, *, then: Any = None) -> ScriptedTransport:
        """Return a transport that is `wrong` until so many seconds have passed."""
        right = reply(200, document()) if then is None else then

        def step(url: str) -> Any:
            self.moments.append(self.clock.passed)
            self.clock.advance(0.005)
            late = right(url) if callable(right) else right
            return wrong if self.clock.passed < seconds else late

        return ScriptedTransport(step)

    def collect(self, transport: ScriptedTransport, **settings: Any) -> Snapshot:
        """Collect with a boot's patience."""
        asked = build_settings({"timeout": BOOT_S, "cache_dir": self.cache, **settings}, {})
        return collect(asked, open_transport=transport.open, host=self.host, clock=self.clock, reporter=self.reporter)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine."""
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("wrong", "seconds"),
    [
        (reply(410), 70.0),
        (reply(429), 70.0),
        (reply(429, retry_after="30"), 70.0),
        (reply(404), 60.0),
        (reply(503), 200.0),
        (reply(500), 100.0),
        (reply(200, b'{"compute": {'), 30.0),
        (refused(), 250.0),
    ],
    ids=["410", "429", "429 with Retry-After", "404", "503", "500", "cut", "refused"],
)
def test_passes(machine: Machine, wrong: Any, seconds: float) -> None:
    """What lasts less than the deadline ends in facts, within seconds of its end, and never with a rush of requests."""
    snapshot = machine.collect(machine.until(seconds, wrong))
    assert snapshot.source == "imds"
    asked_for = 30.0 if isinstance(wrong, type(reply(429))) and wrong.headers else 0.0
    assert seconds <= machine.clock.passed < seconds + max(2.5, asked_for)
    # IMDS allows five a second.
    assert all(late - early > 0.99 for early, late in zip(machine.moments, machine.moments[5:]))


def test_never_passes(machine: Machine) -> None:
    """What lasts longer ends at the deadline, and is told twice at the most: when it began and at its end."""
    with pytest.raises(ImdsError) as caught:
        machine.collect(machine.until(1e9, reply(503)))
    assert caught.value.outcome == "unavailable"
    assert BOOT_S - 2 < machine.clock.passed <= BOOT_S
    assert len(machine.reporter.notices) == 1


def test_one_trouble_after_the_other(machine: Machine) -> None:
    """A boot as it comes: refused, 404, 410, 429, and then facts; each is told once."""
    began = machine.clock.passed

    def stages(_url: str) -> Any:
        passed = machine.clock.passed - began
        stage = [refused(), reply(404), reply(410), reply(429), reply(200, document())]
        return stage[min(int(passed // 15), 4)]

    snapshot = machine.collect(machine.until(0, None, then=stages))
    assert snapshot.source == "imds"
    assert 60 <= machine.clock.passed < 65
    # 404 and 410 are one outcome.
    assert len(machine.reporter.notices) == 3
    assert len(set(machine.reporter.notices)) == 3


OLD = ("2017-08-01", "2019-06-01", "2020-09-01", "2021-02-01")


def cloud(known: tuple[str, ...], wrong: Any, listed: Any) -> Any:
    """Return a step: an IMDS that knows these versions and answers `wrong` to any other."""

    def step(url: str) -> Any:
        path, _, version = url.partition("?api-version=")
        if path.endswith("/metadata/versions"):
            return listed
        return reply(200, document()) if version in known else wrong

    return step


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "no list"])
@pytest.mark.parametrize("wrong", [400, 404, 500])
def test_cloud_of_old_versions(machine: Machine, wrong: int, listed: bool) -> None:
    """A cloud that refuses new versions is asked in the newest that both know, and remembered for the boot."""
    offers = {"error": "Bad request.", "newest-versions": list(reversed(OLD))} if wrong == 400 else {}
    lists = reply(200, {"apiVersions": list(OLD)}) if listed else reply(404)
    transport = ScriptedTransport(cloud(OLD, reply(wrong, offers), lists))
    snapshot = machine.collect(transport)
    assert snapshot.api_version == "2021-02-01"
    assert machine.clock.passed == 0, "negotiation takes no waiting"
    assert transport.versions[0] == NEWEST
    machine.clock.advance(3600)
    again = ScriptedTransport(cloud(OLD, reply(wrong, offers), lists))
    assert machine.collect(again).source == "imds"
    # A guess is tried anew after ten minutes.
    is_guess = wrong != 400 and not listed
    assert again.versions == ([NEWEST, "versions", "2021-02-01"] if is_guess else ["2021-02-01"])


def test_other_boot_negotiates_anew(machine: Machine, tmp_path: Path) -> None:
    """What was remembered counts for one boot."""
    lists = reply(200, {"apiVersions": list(OLD)})
    machine.collect(ScriptedTransport(cloud(OLD, reply(404), lists)))
    machine.host = build_host(tmp_path / "host", boot_id="99999999-2222-4333-8444-555555555555")
    transport = ScriptedTransport(cloud(KNOWN, reply(404), lists))
    assert machine.collect(transport).api_version == NEWEST
    assert transport.versions == [NEWEST]
