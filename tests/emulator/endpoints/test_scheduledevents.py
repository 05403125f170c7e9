# SPDX-License-Identifier: Apache-2.0
"""/metadata/scheduledevents: versions, approval, activation, the clock."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from azure_imds_facts.emulator.vm.events import EventSchedule

from tests.emulator.client import Response, StartEmulator, send_request
from tests.emulator.clock import ManualClock

PATH = "/metadata/scheduledevents"


def get_events(url: str, version: str = "2020-07-01") -> Any:
    """The document of scheduled events."""
    return send_request(url, f"{PATH}?api-version={version}").json


def approve(url: str, body: bytes) -> Response:
    """Send a body to the endpoint."""
    return send_request(url, f"{PATH}?api-version=2020-07-01", method="POST", body=body)


def test_approval_starts_an_event_at_once(start_emulator: StartEmulator) -> None:
    """A POST with an id starts the event; it may be repeated, also in lower case and when the event is over."""
    emulator = start_emulator()
    event_id = emulator.event("Reboot", lasts="400ms")
    body = json.dumps({"StartRequests": [{"EventId": event_id}]}).encode()
    first = approve(emulator.url, body)
    assert (first.status, first.body) == (200, b"")
    assert get_events(emulator.url)["Events"][0]["EventStatus"] == "Started"
    assert (
        approve(
            emulator.url,
            body.lower().replace(b"startrequests", b"StartRequests").replace(b"eventid", b"EventId"),
        ).status
        == 200
    )
    time.sleep(0.5)
    assert get_events(emulator.url)["Events"] == []
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
def test_a_malformed_approval_is_rejected(start_emulator: StartEmulator, body: bytes) -> None:
    """A body that is not an approval of a known event gets 400, and no event starts."""
    emulator = start_emulator()
    emulator.event("Reboot")
    assert approve(emulator.url, body).status == 400
    assert get_events(emulator.url)["Events"][0]["EventStatus"] == "Scheduled"


def test_each_version_has_its_fields(start_emulator: StartEmulator) -> None:
    """Description, EventSource and DurationInSeconds came one after another; the preview prefixed names with _."""
    emulator = start_emulator()
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
    shown = {version: get_events(emulator.url, version)["Events"][0] for version in expected}
    assert {version: set(event) for version, event in shown.items()} == expected
    assert shown["2017-03-01"]["Resources"] == ["_web-01"]
    assert shown["2017-08-01"]["Resources"] == ["web-01"]
    assert shown["2020-07-01"]["DurationInSeconds"] == 5
    assert shown["2020-07-01"]["EventSource"] == "User"


def test_new_kinds_are_hidden_from_old_versions(start_emulator: StartEmulator) -> None:
    """Preempt is listed since 2017-11-01 and Terminate since 2019-01-01."""
    emulator = start_emulator()
    emulator.event("Preempt")
    emulator.event("Terminate")
    seen = {
        v: [e["EventType"] for e in get_events(emulator.url, v)["Events"]]
        for v in ("2017-08-01", "2017-11-01", "2019-01-01")
    }
    assert seen == {"2017-08-01": [], "2017-11-01": ["Preempt"], "2019-01-01": ["Preempt", "Terminate"]}


def test_an_instance_version_is_not_found(start_emulator: StartEmulator) -> None:
    """A version of /metadata/instance gets the recorded 404 here."""
    response = send_request(start_emulator().url, f"{PATH}?api-version=2021-02-01")
    assert (response.status, response.body) == (404, b'{"error":"Not found"}')


def test_the_first_call_switches_the_service_on(start_emulator: StartEmulator) -> None:
    """The first response is delayed, the next is not; after a day without requests it is delayed again."""
    emulator = start_emulator(events_delay=0.4)
    began = time.monotonic()
    get_events(emulator.url)
    first = time.monotonic()
    get_events(emulator.url)
    assert first - began >= 0.4
    assert time.monotonic() - first < 0.4
    clock = ManualClock()
    schedule = EventSchedule(first_call_delay_s=120, clock=clock)
    assert (schedule.activate(), schedule.activate()) == (120, 0)
    clock.now += 24 * 3600
    assert schedule.activate() == 120


def test_the_clock_can_run_faster(start_emulator: StartEmulator) -> None:
    """With a clock of 3600 a freeze of fifteen minutes' notice starts within a quarter of a second."""
    emulator = start_emulator(event_clock=3600)
    emulator.event("Freeze", lasts="1h")
    scheduled = get_events(emulator.url)["Events"][0]
    assert parsedate_to_datetime(scheduled["NotBefore"]).timestamp() < time.time() + 1
    time.sleep(0.35)
    assert get_events(emulator.url)["Events"][0]["EventStatus"] == "Started"


def test_an_event_is_announced_later_or_cancelled(start_emulator: StartEmulator) -> None:
    """`after` delays the announcement of an event; a cancelled one is no longer listed."""
    emulator = start_emulator()
    late = emulator.event("Reboot", after="300ms")
    assert get_events(emulator.url) == {"DocumentIncarnation": 1, "Events": []}
    time.sleep(0.4)
    assert [event["EventId"] for event in get_events(emulator.url)["Events"]] == [late]
    emulator.cancel_event(late)
    assert get_events(emulator.url) == {"DocumentIncarnation": 3, "Events": []}
