# SPDX-License-Identifier: Apache-2.0
"""/metadata/scheduledevents: versions, the life of an event, approval, the clock."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.vm.event_plans import parse_event_plan
from azure_imds_facts.emulator.vm.events import EventSchedule

from .conftest import Reply, ask

Emulate = Callable[..., Emulator]
PATH = "/metadata/scheduledevents"


class Clock:
    """A clock that a test sets."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def events(url: str, version: str = "2020-07-01") -> Any:
    """The document of scheduled events."""
    return ask(url, f"{PATH}?api-version={version}").json


def approve(url: str, body: bytes) -> Reply:
    """Send a body to the endpoint."""
    return ask(url, f"{PATH}?api-version=2020-07-01", method="POST", body=body)


def test_a_life() -> None:
    """An event is scheduled, starts at NotBefore with NotBefore emptied, and vanishes; each time the number grows."""
    clock = Clock()
    planned = EventSchedule(clock=clock)
    assert planned.build_document("2020-07-01") == {"DocumentIncarnation": 1, "Events": []}
    event_id = planned.add("Freeze", resources=["web-01"])
    scheduled = planned.build_document("2020-07-01")
    assert scheduled["DocumentIncarnation"] == 2
    event = scheduled["Events"][0]
    assert (event["EventId"], event["EventStatus"], event["EventType"]) == (event_id, "Scheduled", "Freeze")
    assert event["Resources"] == ["web-01"]
    assert parsedate_to_datetime(event["NotBefore"]).timestamp() == clock.now + 900
    clock.now += 900
    started = planned.build_document("2020-07-01")
    assert started["DocumentIncarnation"] == 3
    assert (started["Events"][0]["EventStatus"], started["Events"][0]["NotBefore"]) == ("Started", "")
    clock.now += 10
    assert planned.build_document("2020-07-01") == {"DocumentIncarnation": 4, "Events": []}


@pytest.mark.parametrize(
    ("kind", "notice_s"),
    [("Freeze", 900), ("Reboot", 900), ("Redeploy", 600), ("Preempt", 30), ("Terminate", 300)],
)
def test_notice_of_each_kind(kind: str, notice_s: float) -> None:
    """Each kind gives the notice that Azure documents."""
    clock = Clock()
    planned = EventSchedule(clock=clock)
    planned.add(kind, resources=["x"])
    clock.now += notice_s - 1
    assert planned.build_document("2020-07-01")["Events"][0]["EventStatus"] == "Scheduled"
    clock.now += 1
    assert planned.build_document("2020-07-01")["Events"][0]["EventStatus"] == "Started"


def test_approval_starts_an_event_at_once(emulate: Emulate) -> None:
    """A POST with an id starts the event; it may be repeated, also in lower case and when the event is over."""
    emulator = emulate()
    event_id = emulator.event("Reboot", lasts="400ms")
    body = json.dumps({"StartRequests": [{"EventId": event_id}]}).encode()
    first = approve(emulator.url, body)
    assert (first.status, first.body) == (200, b"")
    assert events(emulator.url)["Events"][0]["EventStatus"] == "Started"
    assert (
        approve(
            emulator.url,
            body.lower().replace(b"startrequests", b"StartRequests").replace(b"eventid", b"EventId"),
        ).status
        == 200
    )
    time.sleep(0.5)
    assert events(emulator.url)["Events"] == []
    assert approve(emulator.url, body).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"StartRequests": []}',
        b'{"StartRequests": [{}]}',
        b'{"StartRequests": [1]}',
        b'{"StartRequests": [{"EventId": 5}]}',
        b'{"StartRequests": [{"EventId": "no-such-event"}]}',
    ],
)
def test_a_malformed_approval_is_refused(emulate: Emulate, body: bytes) -> None:
    """A body that is no approval of a known event is 400, and nothing starts."""
    emulator = emulate()
    emulator.event("Reboot")
    assert approve(emulator.url, body).status == 400
    assert events(emulator.url)["Events"][0]["EventStatus"] == "Scheduled"


def test_each_version_has_its_fields(emulate: Emulate) -> None:
    """Description, EventSource and DurationInSeconds came one after another; the preview prefixed names with _."""
    emulator = emulate()
    emulator.event("Freeze", source="User")
    basic = {"EventId", "EventStatus", "EventType", "ResourceType", "Resources", "NotBefore"}
    expected = {
        "2017-03-01": basic,
        "2017-08-01": basic,
        "2019-01-01": basic,
        "2019-04-01": basic | {"Description"},
        "2019-08-01": basic | {"Description", "EventSource"},
        "2020-07-01": basic | {"Description", "EventSource", "DurationInSeconds"},
    }
    shown = {version: events(emulator.url, version)["Events"][0] for version in expected}
    assert {version: set(event) for version, event in shown.items()} == expected
    assert shown["2017-03-01"]["Resources"] == ["_web-01"]
    assert shown["2017-08-01"]["Resources"] == ["web-01"]
    assert shown["2020-07-01"]["DurationInSeconds"] == 5
    assert shown["2020-07-01"]["EventSource"] == "User"


def test_new_kinds_are_hidden_from_old_versions(emulate: Emulate) -> None:
    """Preempt is seen since 2017-11-01 and Terminate since 2019-01-01."""
    emulator = emulate()
    emulator.event("Preempt")
    emulator.event("Terminate")
    seen = {
        v: [e["EventType"] for e in events(emulator.url, v)["Events"]]
        for v in ("2017-08-01", "2017-11-01", "2019-01-01")
    }
    assert seen == {"2017-08-01": [], "2017-11-01": ["Preempt"], "2019-01-01": ["Preempt", "Terminate"]}


def test_an_instance_version_is_not_found(emulate: Emulate) -> None:
    """A version of /metadata/instance gets the recorded 404 here."""
    reply = ask(emulate().url, f"{PATH}?api-version=2021-02-01")
    assert (reply.status, reply.body) == (404, b'{"error":"Not found"}')


def test_the_first_call_switches_the_service_on(emulate: Emulate) -> None:
    """The first answer is held back, the next is not; after a day of silence it is again."""
    emulator = emulate(events_delay=0.4)
    began = time.monotonic()
    events(emulator.url)
    first = time.monotonic()
    events(emulator.url)
    assert first - began >= 0.4
    assert time.monotonic() - first < 0.4
    clock = Clock()
    planned = EventSchedule(first_call_delay_s=120, clock=clock)
    assert (planned.activate(), planned.activate()) == (120, 0)
    clock.now += 24 * 3600
    assert planned.activate() == 120


def test_the_clock_can_run_faster(emulate: Emulate) -> None:
    """With a clock of 3600 a freeze of fifteen minutes' notice starts within a quarter of a second."""
    emulator = emulate(event_clock=3600)
    emulator.event("Freeze", lasts="1h")
    scheduled = events(emulator.url)["Events"][0]
    assert parsedate_to_datetime(scheduled["NotBefore"]).timestamp() < time.time() + 1
    time.sleep(0.35)
    assert events(emulator.url)["Events"][0]["EventStatus"] == "Started"


def test_an_event_is_announced_later_or_taken_back(emulate: Emulate) -> None:
    """`after` keeps an event unseen for a while; a cancelled one is gone."""
    emulator = emulate()
    late = emulator.event("Reboot", after="300ms")
    assert events(emulator.url) == {"DocumentIncarnation": 1, "Events": []}
    time.sleep(0.4)
    assert [event["EventId"] for event in events(emulator.url)["Events"]] == [late]
    emulator.cancel_event(late)
    assert events(emulator.url) == {"DocumentIncarnation": 3, "Events": []}


def test_a_plan_can_be_cancelled() -> None:
    """`cancelled` takes an event back before it starts, with a new document; one that has started stays."""
    clock = Clock()
    planned = EventSchedule(clock=clock, scale=10)
    planned.add("Reboot", resources=["x"], cancelled_s=60)
    planned.add("Freeze", resources=["x"], cancelled_s=60, notice_s=30, lasts_s=600)
    clock.now += 6
    left = planned.build_document("2020-07-01")
    assert [(event["EventType"], event["EventStatus"]) for event in left["Events"]] == [("Freeze", "Started")]
    assert left["DocumentIncarnation"] == 5
    assert parse_event_plan("Reboot:cancelled=1m").arguments == {"cancelled_s": 60}


def test_an_approved_event_is_not_cancelled() -> None:
    """What was approved has started, whatever Azure had in mind later."""
    clock = Clock()
    planned = EventSchedule(clock=clock)
    event_id = planned.add("Redeploy", resources=["x"], cancelled_s=60)
    clock.now += 1
    assert planned.approve([event_id])
    clock.now += 60
    assert planned.build_document("2020-07-01")["Events"][0]["EventStatus"] == "Started"


def test_a_host_failure_comes_without_notice() -> None:
    """With a notice of 0 an event is Started in the first document that has it."""
    planned = EventSchedule(clock=Clock())
    planned.add("Reboot", resources=["x"], notice_s=0)
    (event,) = planned.build_document("2020-07-01")["Events"]
    assert (event["EventStatus"], event["NotBefore"]) == ("Started", "")


def test_a_plan_has_options() -> None:
    """The text of --event holds the type and its options."""
    planned = parse_event_plan("Terminate:after=10s:notice=15m:duration=-1:resources=a+b:source=User")
    assert planned.kind == "Terminate"
    assert planned.arguments == {
        "after_s": 10,
        "notice_s": 900,
        "duration_s": -1,
        "resources": ("a", "b"),
        "source": "User",
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Explode", "unknown event 'Explode'; allowed: Freeze, Reboot, Redeploy, Preempt, Terminate"),
        ("Reboot:when=1", "unknown option 'when'; allowed: after, notice"),
        ("Reboot:after", "invalid option 'after'"),
        ("Reboot:after=soon", "after: invalid duration 'soon'"),
        ("Reboot:duration=x", "'x' is not a whole number"),
        ("Reboot:source=Me", "unknown event source 'Me'; allowed: Platform, User"),
    ],
)
def test_a_wrong_plan_is_refused(text: str, message: str) -> None:
    """A plan that cannot be followed names its part and what is allowed."""
    with pytest.raises(EmulatorError) as caught:
        parse_event_plan(text)
    assert message in str(caught.value)
