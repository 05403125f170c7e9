# SPDX-License-Identifier: Apache-2.0
"""Documents of scheduled events, and what changed between two of them."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.errors import InvalidError
from azure_imds_facts.core.events.model import changes, concerns, parse_timeline

from tests.support.events import document, raw_event

STARTED = {"EventStatus": "Started", "NotBefore": ""}
NOT_BEFORE_S = 1_700_000_900.0


def test_an_event_is_read_whole() -> None:
    """Every field of the newest version arrives, the time in UTC as text and in seconds."""
    timeline = parse_timeline(document(raw_event(DurationInSeconds=9), incarnation=7))
    (event,) = timeline.events
    assert timeline.incarnation == 7
    assert (event.event_id, event.event_type, event.status) == ("A", "Reboot", "Scheduled")
    assert (event.resource_type, event.resources) == ("VirtualMachine", ("web-01",))
    assert (event.not_before, event.not_before_s) == ("2023-11-14T22:28:20Z", NOT_BEFORE_S)
    assert (event.description, event.source) == ("Host server is undergoing maintenance.", "Platform")
    assert event.duration_s == 9
    assert event.raw == raw_event(DurationInSeconds=9)


def test_the_preview_lacks_most_fields() -> None:
    """What an old version lacks is empty, and its names with `_` still concern this VM."""
    raw = {name: raw_event()[name] for name in ("EventId", "EventStatus", "EventType", "NotBefore")}
    (event,) = parse_timeline(document({**raw, "Resources": ["_web-01"], "NotBefore": "2023-11-14T22:28:20Z"})).events
    assert (event.resource_type, event.description, event.source, event.duration_s) == ("", "", "", None)
    assert event.not_before_s == NOT_BEFORE_S
    assert concerns(event, "WEB-01")


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "<html>",
        {},
        {"Events": []},
        {"DocumentIncarnation": 1},
        {"DocumentIncarnation": "1", "Events": []},
        {"DocumentIncarnation": True, "Events": []},
        {"DocumentIncarnation": 1, "Events": {}},
    ],
)
def test_what_is_no_document_is_refused(wrong: Any) -> None:
    """Anything else than a document of events is InvalidError."""
    with pytest.raises(InvalidError):
        parse_timeline(wrong)


@pytest.mark.parametrize(
    "not_before", ["", None, 5, "soon", "Tue, 99 Foo 2023", "9999-99-99T99:99:99Z", "Fri, 31 Dec 99999 00:00:00 GMT"]
)
def test_an_odd_time_is_none(not_before: object) -> None:
    """A time that cannot be read is no time, and the event is still there."""
    (event,) = parse_timeline(document(raw_event(NotBefore=not_before))).events
    assert (event.not_before, event.not_before_s) == (None, None)


@pytest.mark.parametrize(
    ("resources", "name", "expected"),
    [
        (["web-01"], "web-01", True),
        (["WEB-01"], "web-01", True),
        (["_web-01"], "web-01", True),
        (["web-010", "web-0"], "web-01", False),
        (["__web-01"], "web-01", False),
        (["db", "web-01"], "web-01", True),
        ([], "web-01", False),
        ("web-01", "web-01", False),
        ([None, 5, "web-01"], "web-01", True),
        ([""], "", False),
    ],
)
def test_concerns(resources: object, name: str, expected: bool) -> None:
    """An event is about this VM where its name is among the resources, without case and in the preview's form."""
    (event,) = parse_timeline(document(raw_event(Resources=resources))).events
    assert concerns(event, name) is expected


# Before, after, the changes at a time before NotBefore and after it.
CHANGES: dict[str, tuple[dict[str, Any] | None, dict[str, Any] | None, list[str], list[str]]] = {
    "new": (None, raw_event(), ["scheduled"], ["scheduled"]),
    "new and started, as a host failure is": (None, raw_event(**STARTED), ["started"], ["started"]),
    "the same": (raw_event(), raw_event(), [], []),
    "id in another case": (raw_event("a"), raw_event("A"), [], []),
    "resources in another order": (raw_event(Resources=["a", "b"]), raw_event(Resources=["b", "a"]), [], []),
    "another time": (raw_event(), raw_event(NotBefore="Tue, 14 Nov 2023 23:28:20 GMT"), ["updated"], ["updated"]),
    "one more VM": (raw_event(), raw_event(Resources=["web-01", "db"]), ["updated"], ["updated"]),
    "started": (raw_event(), raw_event(**STARTED), ["started"], ["started"]),
    "still started": (raw_event(**STARTED), raw_event(**STARTED), [], []),
    "over": (raw_event(**STARTED), None, ["completed"], ["completed"]),
    "gone before it started": (raw_event(), None, ["cancelled"], ["completed"]),
    "back to scheduled": (raw_event(**STARTED), raw_event(), ["updated"], ["updated"]),
}


@pytest.mark.parametrize("name", CHANGES)
def test_changes(name: str) -> None:
    """What became of an event is one change, or none."""
    before, after, early, late = CHANGES[name]
    old = None if before is None else parse_timeline(document(before))
    new = parse_timeline(document(*([after] if after else []), incarnation=2))
    assert [change.kind for change in changes(old, new, now=NOT_BEFORE_S - 60)] == early
    assert [change.kind for change in changes(old, new, now=NOT_BEFORE_S)] == late


def test_an_approved_event_was_not_cancelled() -> None:
    """One that this side approved and that is gone before its time is completed."""
    old = parse_timeline(document(raw_event()))
    assert [change.kind for change in changes(old, parse_timeline(document()), now=0, approved={"a"})] == ["completed"]
