# SPDX-License-Identifier: Apache-2.0
"""What was told, in bounds, and how it is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure_imds_facts.core.events.model import Change, Timeline, changes, parse_timeline
from azure_imds_facts.core.events.told import MOST_FOLLOWED, Told

from tests.support.events import document, raw_event

LONG = "ö" * 5000


def look(told: Told, *raws: dict[str, Any]) -> list[Change]:
    """Take a document as a watch does; return what changed."""
    timeline = parse_timeline(document(*raws), pick=told.pick)
    for event in timeline.events:
        told.take_up(event)
    found = changes(Timeline(incarnation=None, events=tuple(told.events.values())), timeline)
    for change in found:
        told.add(change)
    return found


def number_of(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return so many events, the later the number the later they begin."""
    return [
        raw_event(f"E{number:05}", NotBefore=f"Tue, 14 Nov 2023 {number // 3600:02}:{number // 60 % 60:02}:{number % 60:02} GMT", **fields)
        for number in range(count)
    ]  # fmt: skip


def test_a_thousand_are_followed() -> None:
    """Preempt and Terminate first, then by their time; what has no place is not told until it has one."""
    told = Told("web-01")
    others = number_of(3000)[::-1]
    found = look(told, *others, raw_event("B", Resources=["db-01"]))
    assert sorted(change.event.event_id for change in found) == [f"E{number:05}" for number in range(MOST_FOLLOWED)]
    late = raw_event("P", EventType="Preempt", NotBefore="Tue, 14 Nov 2023 23:59:59 GMT")
    assert [change.event.event_id for change in look(told, *others, late)] == ["P"]
    assert len(told.events) == MOST_FOLLOWED
    assert look(told, *others, late) == []
    # The event that lost its place was told already; the next one was not.
    found = look(told, *[raw for raw in others if raw["EventId"] != "E00000"])
    assert sorted((change.event.event_id, change.kind) for change in found) == [
        ("E00000", "cancelled"), ("E01000", "scheduled"), ("P", "cancelled"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Description": LONG, "EventSource": LONG, "ResourceType": LONG},
        {"Resources": ["web-01", *(f"vm-{number:060}" for number in range(300))]},
        {"Description": "\U0001f600" * 5000, "Resources": ["\U0001f600" * 500, "web-01"]},
    ],
)
def test_a_state_is_bounded(fields: dict[str, Any]) -> None:
    """It stays under 1 MiB whatever the events are; none is told again after it was read, and an end has its fields."""
    told = Told("web-01")
    raws = [{**raw, "EventId": raw["EventId"].ljust(128, "x"), **fields} for raw in number_of(MOST_FOLLOWED)]
    look(told, *raws)
    told.approved.update(told.events)
    state = told.spell(incarnation=7, pending=told.events)
    assert len(json.dumps(state)) < 1_000_000
    again = Told("web-01")
    read = again.read(json.loads(json.dumps(state)))
    assert read is not None
    assert (read["incarnation"], len(read["pending"]), len(again.approved)) == (7, MOST_FOLLOWED, MOST_FOLLOWED)
    assert look(again, *raws) == []
    (end,) = look(again, *raws[1:])
    assert end.event.event_type == "Reboot"
    assert "web-01" in end.event.resources
    assert (len(end.event.resources) > 1) == (len(raws[0]["Resources"]) > 1)


def test_few_events_are_stored_whole() -> None:
    """Where there is room nothing is cut."""
    told = Told("web-01")
    look(told, raw_event(Description="x" * 10_000))
    assert told.spell(incarnation=1)["events"][0]["Description"] == "x" * 10_000


def test_a_state_of_an_earlier_version() -> None:
    """Its events are not told again, and what was approved still completes."""
    raws = [raw_event("A", Unknown=[1]), raw_event("B")]
    told = Told("web-01")
    assert told.read({"vmName": "web-01", "incarnation": 3, "events": raws, "approved": ["a"]})
    assert look(told, *raws) == []
    (end,) = changes(
        Timeline(incarnation=None, events=tuple(told.events.values())),
        parse_timeline(document(raws[1])),
        approved=told.approved,
    )
    assert end.kind == "completed"


@pytest.mark.parametrize(
    "change",
    [{"azure_imds_events": 3}, {"vm_name": "other"}, {"events": 5}, {"events": [{}]}, {"incarnation": True},
     {"displaced": []}, {"events": [raw_event(x=[[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]])]}],
)  # fmt: skip
def test_what_is_no_state(change: dict[str, Any]) -> None:
    """Another version's, another VM's, and what has another form are refused, and change nothing."""
    told = Told("web-01")
    assert told.read({**Told("web-01").spell(incarnation=1), **change}) is None
    assert told.events == {}
