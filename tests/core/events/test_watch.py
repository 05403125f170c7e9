# SPDX-License-Identifier: Apache-2.0
"""The watch: each change once, across outages, restarts and an hour of maintenance."""

from __future__ import annotations

import gc
import json
import tracemalloc
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from azure_imds_facts.core.clock import Clock, Deadline
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.events.watch import Watch
from azure_imds_facts.core.transport import HttpTransport, Response
from azure_imds_facts.emulator import Emulator

from tests.support.clocks import ManualClock
from tests.support.events import document, raw_event
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply
from tests.support.servers import refused_port

STARTED = raw_event(EventStatus="Started", NotBefore="")


def make_watch(transport: ScriptedTransport, clock: ManualClock, reporter: ListReporter, **options: Any) -> Watch:
    """A watch over a script, for web-01."""
    client = EventClient("http://169.254.169.254", transport.open, clock=clock, reporter=reporter)
    return Watch(client, vm_name="web-01", clock=clock, reporter=reporter, **options)


def step(watch: Watch, clock: ManualClock) -> list[str]:
    """Wait until the next poll is due and return what it finds."""
    clock.advance(watch.wait_s)
    return [change.kind for change in watch.poll()]


def test_life_of_an_event(clock: ManualClock, reporter: ListReporter) -> None:
    """Scheduled, started, completed: each once, however often the documents say so, and only of this VM."""
    other = raw_event("B", Resources=["db"])
    transport = ScriptedTransport(
        *[reply(200, document())] * 2,
        *[reply(200, document(raw_event(), other))] * 3,
        *[reply(200, document(other, STARTED))] * 2,
        reply(200, document(other)),
    )
    watch = make_watch(transport, clock, reporter)
    told = [step(watch, clock) for _poll in range(9)]
    assert told == [[], [], ["scheduled"], [], [], ["started"], [], ["completed"], []]
    assert reporter.notices == []


def test_a_poll_before_its_time_asks_nothing(clock: ManualClock, reporter: ListReporter) -> None:
    """However often it is polled, no more than one request a second is made."""
    times: list[float] = []
    transport = ScriptedTransport(reply(200, document()), on_fetch=lambda: times.append(clock.passed))
    watch = make_watch(transport, clock, reporter)
    for _poll in range(1000):
        watch.poll()
        clock.advance(0.05)
    assert 40 <= len(times) <= 50
    assert min(later - earlier for earlier, later in zip(times, times[1:])) >= 1.0


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (refused(), "connection refused"),
        (reply(429), "too many requests"),
        (reply(500), "error inside IMDS"),
        (reply(404), "not found"),
        (reply(400), "400"),
        (reply(302), "redirect"),
        (reply(200, b"<html>"), "JSON"),
        (reply(200, {"Events": [{}]}), "DocumentIncarnation"),
    ],
)
def test_an_outage_is_reported_once_and_loses_nothing(
    failure: Any, outcome: str, clock: ManualClock, reporter: ListReporter
) -> None:
    """While IMDS fails the watch reports it once and goes on; what happened meanwhile is returned afterwards, once."""
    transport = ScriptedTransport(
        reply(200, document(raw_event("A"))),
        *[failure] * 9,
        reply(200, document(raw_event("A"), raw_event("B"))),
    )
    watch = make_watch(transport, clock, reporter)
    assert step(watch, clock) == ["scheduled"]
    assert [step(watch, clock) for _poll in range(9)] == [[]] * 9
    assert len(reporter.notices) == 1
    assert outcome in reporter.notices[0]
    assert step(watch, clock) == ["scheduled"]
    assert step(watch, clock) == []
    assert reporter.notices[1:] == ["IMDS answers again; watching goes on."]


@pytest.mark.parametrize(("asked", "waited"), [("5", 5.0), ("100000", 15.0), ("0", 1.0)])
def test_retry_after_is_honoured(asked: str, waited: float, clock: ManualClock, reporter: ListReporter) -> None:
    """The next poll waits as long as IMDS asks, but no Preempt is slept through."""
    watch = make_watch(ScriptedTransport(reply(429, b"", retry_after=asked)), clock, reporter)
    watch.poll()
    assert watch.wait_s == pytest.approx(waited, abs=0.01)


def test_a_restart_repeats_nothing(clock: ManualClock, reporter: ListReporter) -> None:
    """A state, through JSON, lets a new watch go on; without it everything is new."""
    first = make_watch(ScriptedTransport(reply(200, document(raw_event("A"), raw_event("B")))), clock, reporter)
    assert step(first, clock) == ["scheduled", "scheduled"]
    stored = json.loads(json.dumps(first.state()))
    after = ScriptedTransport(reply(200, document(raw_event("B"), raw_event("C"), STARTED)))
    second = make_watch(after, clock, reporter)
    assert second.restore(stored)
    assert step(second, clock) == ["scheduled", "started"]


def test_unfinished_changes_are_returned_again(clock: ManualClock, reporter: ListReporter) -> None:
    """A state leaves out the unfinished changes, back to the first of an event."""
    scripts = ScriptedTransport(
        reply(200, document(raw_event())), reply(200, document(STARTED)), reply(200, document())
    )
    watch = make_watch(scripts, clock, reporter)
    found = []
    for _poll in range(3):
        clock.advance(watch.wait_s)
        found += watch.poll()
    assert [change.kind for change in found] == ["scheduled", "started", "completed"]
    expected = {0: [], 1: ["completed"], 2: ["completed"], 3: []}
    for count, told in expected.items():
        again = make_watch(ScriptedTransport(reply(200, document())), clock, reporter)
        assert again.restore(watch.state(unfinished=found[len(found) - count :]))
        assert step(again, clock) == told


@pytest.mark.parametrize(
    "state",
    [None, [], {}, {"vmName": "other", "incarnation": 1, "events": []}, {"vmName": "web-01", "events": 5},
     {"vmName": "web-01", "incarnation": 1, "events": [5]}],
)  # fmt: skip
def test_damaged_or_foreign_state(state: Any, clock: ManualClock, reporter: ListReporter) -> None:
    """A broken state, or another VM's, is refused and everything is new."""
    watch = make_watch(ScriptedTransport(reply(200, document(raw_event()))), clock, reporter)
    assert not watch.restore(state)
    assert step(watch, clock) == ["scheduled"]


class CountingTransport(HttpTransport):
    """The real transport; it notes when it was asked, and gives an answer real seconds rather than those of a clock."""

    def __init__(self, clock: Clock, times: list[float]) -> None:
        self._clock = clock
        self._times = times

    def fetch(self, url: str, headers: Mapping[str, str], deadline: Deadline, **request: Any) -> Response:
        """Ask."""
        self._times.append(self._clock.monotonic())
        return super().fetch(url, headers, Deadline(min(deadline.remaining, 60.0), Clock()), **request)


def _size() -> int:
    """Bytes that the core's own objects hold."""
    gc.collect()
    found = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/module_utils/imds/*")])
    return sum(trace.size for trace in found.traces)


def test_an_hour_of_maintenance(emulate: Callable[..., Emulator], clock: ManualClock, reporter: ListReporter) -> None:
    """An hour with forty events and five restarts of IMDS: each told once, one request a second, memory flat."""
    # It stays this emulator's between its restarts.
    with refused_port() as port:
        emulator = emulate(port=port)
        emulator._assembly.schedule._clock = clock.time  # the hour is the clock's, on both sides
        _spend_an_hour(emulator, clock, reporter)


def _spend_an_hour(emulator: Emulator, clock: ManualClock, reporter: ListReporter) -> None:
    times: list[float] = []
    kinds = ("Freeze", "Reboot", "Redeploy", "Preempt", "Terminate")
    planned = [
        emulator.event(kinds[number % 5], after=30 + 80 * number, notice="150s", lasts="120s") for number in range(40)
    ]
    client = EventClient(emulator.url, lambda: CountingTransport(clock, times), clock=clock, spacing_s=1.0)
    watch = Watch(client, vm_name="web-01", clock=clock, reporter=reporter)
    told: dict[str, list[str]] = defaultdict(list)
    began = clock.monotonic()
    restarts, cancelled, sizes = 0, [], list[int]()
    tracemalloc.start()
    try:
        while clock.monotonic() - began < 3600:
            clock.sleep(watch.wait_s)
            for change in watch.poll():
                told[change.event.event_id].append(change.kind)
                if change.kind == "scheduled" and len(told) % 8 == 0:
                    cancelled.append(change.event.event_id)
                    emulator.cancel_event(change.event.event_id)
            passed = clock.monotonic() - began
            if passed > 600 * (restarts + 1) and restarts < 5:
                restarts += 1
                emulator.close()
                assert watch.poll() == []
                clock.sleep(watch.wait_s)
                assert watch.poll() == []  # nothing listens
                emulator.start()
                clock.slept.clear()
                sizes.append(_size())
                emulator.requests.clear()
    finally:
        tracemalloc.stop()
    print(f"{len(times)} requests, {restarts} restarts, bytes held: {sizes}")
    assert restarts == 5
    expected = {event_id: ["scheduled", "started", "completed"] for event_id in planned}
    expected.update({event_id: ["scheduled", "cancelled"] for event_id in cancelled})
    assert len(cancelled) == 5
    assert {event_id: told[event_id] for event_id in planned} == expected
    assert set(told) == set(planned)
    assert 1000 < len(times) <= 3601
    assert min(later - earlier for earlier, later in zip(times, times[1:])) >= 1.0
    assert max(sizes) - min(sizes) < 50_000
    assert 2 <= len(reporter.notices) <= 2 * restarts + 4


def test_events_without_an_id_hide_no_others(clock: ManualClock, reporter: ListReporter) -> None:
    """They are ignored, which is reported once; types that are no words are none."""
    odd = document(
        raw_event("A"),
        raw_event("B\n\nC"),
        raw_event("{{ x }}"),
        raw_event("D", EventType="Reboot\n\n"),
        {"EventType": "x"},
    )
    watch = make_watch(ScriptedTransport(reply(200, odd)), clock, reporter)
    told = []
    for _poll in range(3):
        clock.advance(watch.wait_s)
        told += [(change.event.event_id, change.event.event_type) for change in watch.poll()]
    assert told == [("A", raw_event()["EventType"]), ("D", "")]
    assert len(reporter.warnings) == 1


def test_a_state_holds_nothing_sensitive(clock: ManualClock, reporter: ListReporter) -> None:
    """Fields that are left out of facts are left out of it too."""
    watch = make_watch(ScriptedTransport(reply(200, document(raw_event(userData="c2VjcmV0")))), clock, reporter)
    step(watch, clock)
    assert "c2VjcmV0" not in json.dumps(watch.state())


@pytest.mark.parametrize(("asked", "again_s"), [(None, 5.0), ("2", 2.0), ("60", 15.0)])
def test_an_approval_is_one_request(
    asked: str | None, again_s: float, clock: ManualClock, reporter: ListReporter
) -> None:
    """A watch does not insist on one; `Retry-After` says when to come back with it, within bounds."""
    headers = {} if asked is None else {"retry_after": asked}
    transport = ScriptedTransport(reply(200, document(raw_event())), reply(503, **headers))
    watch = make_watch(transport, clock, reporter)
    step(watch, clock)
    with pytest.raises(ImdsError):
        watch.approve("A", timeout_s=3.0)
    assert len(transport.urls) == 2
    assert watch.approve_again_s == again_s
