# SPDX-License-Identifier: Apache-2.0
"""The life cycle of scheduled events."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

import pytest
from azure_imds_facts.emulator.vm.event_plans import parse_event_plan
from azure_imds_facts.emulator.vm.events import EventSchedule

from tests.emulator.clock import ManualClock


def test_life_cycle() -> None:
    """An event is scheduled, starts at NotBefore with NotBefore emptied, and vanishes; each time the number grows."""
    clock = ManualClock()
    schedule = EventSchedule(clock=clock)
    assert schedule.build_document("2020-07-01") == {"DocumentIncarnation": 1, "Events": []}
    event_id = schedule.add("Freeze", resources=["web-01"])
    scheduled = schedule.build_document("2020-07-01")
    assert scheduled["DocumentIncarnation"] == 2
    event = scheduled["Events"][0]
    assert (event["EventId"], event["EventStatus"], event["EventType"]) == (event_id, "Scheduled", "Freeze")
    assert event["Resources"] == ["web-01"]
    assert parsedate_to_datetime(event["NotBefore"]).timestamp() == clock.now + 900
    clock.now += 900
    started = schedule.build_document("2020-07-01")
    assert started["DocumentIncarnation"] == 3
    assert (started["Events"][0]["EventStatus"], started["Events"][0]["NotBefore"]) == ("Started", "")
    clock.now += 299
    assert schedule.build_document("2020-07-01") == started
    clock.now += 1
    assert schedule.build_document("2020-07-01") == {"DocumentIncarnation": 4, "Events": []}


@pytest.mark.parametrize(
    ("kind", "notice_s"),
    [("Freeze", 900), ("Reboot", 900), ("Redeploy", 600), ("Preempt", 30), ("Terminate", 300)],
)
def test_notice_of_each_kind(kind: str, notice_s: float) -> None:
    """Each kind has its documented notice."""
    clock = ManualClock()
    schedule = EventSchedule(clock=clock)
    schedule.add(kind, resources=["x"])
    clock.now += notice_s - 1
    assert schedule.build_document("2020-07-01")["Events"][0]["EventStatus"] == "Scheduled"
    clock.now += 1
    assert schedule.build_document("2020-07-01")["Events"][0]["EventStatus"] == "Started"


LIVE_MIGRATION = "Virtual machine is being paused because of a memory-preserving Live Migration operation."
RESTART = "Virtual machine is going to be restarted as requested by authorized user."


@pytest.mark.parametrize(
    ("kind", "source", "lasts_s", "duration_s", "description"),
    [
        ("Freeze", "Platform", 300, 5, LIVE_MIGRATION),
        ("Reboot", "User", 600, -1, RESTART),
        ("Reboot", "Platform", 600, -1, "Host server is undergoing maintenance."),
        ("Redeploy", "Platform", 600, -1, "Virtual machine has encountered a failure."),
        ("Redeploy", "User", 600, -1, RESTART.replace("restarted", "redeployed")),
        ("Preempt", "Platform", 30, -1, ""),
    ],
)
def test_what_was_recorded_of_each_kind(
    kind: str, source: str, lasts_s: float, duration_s: int, description: str
) -> None:
    """Each kind is Started as long as was recorded, and says what was recorded, which depends on its source."""
    clock = ManualClock()
    schedule = EventSchedule(clock=clock)
    schedule.add(kind, resources=["x"], notice_s=0, source=source)
    clock.now += lasts_s - 1
    (event,) = schedule.build_document("2020-07-01")["Events"]
    assert (event["EventStatus"], event["EventSource"]) == ("Started", source)
    assert (event["DurationInSeconds"], event["Description"]) == (duration_s, description)
    clock.now += 1
    assert schedule.build_document("2020-07-01")["Events"] == []


def test_a_plan_can_be_cancelled() -> None:
    """`cancelled` removes an event before it starts, with a new document; one that has started stays."""
    clock = ManualClock()
    schedule = EventSchedule(clock=clock, scale=10)
    schedule.add("Reboot", resources=["x"], cancelled_s=60)
    schedule.add("Freeze", resources=["x"], cancelled_s=60, notice_s=30, lasts_s=600)
    clock.now += 6
    left = schedule.build_document("2020-07-01")
    assert [(event["EventType"], event["EventStatus"]) for event in left["Events"]] == [("Freeze", "Started")]
    assert left["DocumentIncarnation"] == 5
    assert parse_event_plan("Reboot:cancelled=1m").arguments == {"cancelled_s": 60}


def test_an_approved_event_is_not_cancelled() -> None:
    """An approved event has started, so it is not cancelled later."""
    clock = ManualClock()
    schedule = EventSchedule(clock=clock)
    event_id = schedule.add("Redeploy", resources=["x"], cancelled_s=60)
    clock.now += 1
    assert schedule.approve([event_id])
    clock.now += 60
    assert schedule.build_document("2020-07-01")["Events"][0]["EventStatus"] == "Started"


def test_a_host_failure_comes_without_notice() -> None:
    """With a notice of 0 an event is Started in the first document that lists it."""
    schedule = EventSchedule(clock=ManualClock())
    schedule.add("Reboot", resources=["x"], notice_s=0)
    (event,) = schedule.build_document("2020-07-01")["Events"]
    assert (event["EventStatus"], event["NotBefore"]) == ("Started", "")
