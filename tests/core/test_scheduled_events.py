# SPDX-License-Identifier: Apache-2.0
"""Test the summary of scheduled events."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.extra_categories import summarize_events

EARLY, LATE = "Mon, 19 Sep 2016 18:29:47 GMT", "Tue, 20 Sep 2016 18:29:47 GMT"


def event(kind: str = "Reboot", resources: Any = ("web-01",), not_before: Any = LATE) -> dict[str, Any]:
    """Return an event."""
    return {
        "EventType": kind,
        "Resources": list(resources) if isinstance(resources, tuple) else resources,
        "NotBefore": not_before,
    }


@pytest.mark.parametrize(
    ("events", "pending", "next_not_before", "next_type"),
    [
        ([], 0, "", ""),
        ([event()], 1, LATE, "Reboot"),
        ([event(), event("Freeze", not_before=EARLY)], 2, EARLY, "Freeze"),
        ([event(resources=("other",), not_before=EARLY), event()], 1, LATE, "Reboot"),
        ([event(resources=("_web-01",))], 1, LATE, "Reboot"),
        ([event(resources=("WEB-01", "b"))], 1, LATE, "Reboot"),
        ([event(not_before="")], 1, "", ""),
        ([event(not_before=None), event("Freeze")], 2, LATE, "Freeze"),
        ([event(not_before="soon")], 1, "", ""),
        ([event(resources=None), event(resources="web-01"), event(resources=(5,)), "odd", None], 0, "", ""),
    ],
)
def test_summary(events: list[Any], pending: int, next_not_before: str, next_type: str) -> None:
    """Only events that concern this VM are counted, and the earliest that has a time is the next."""
    summary = summarize_events({"DocumentIncarnation": 1, "Events": events}, "web-01")
    assert summary == {
        "incarnation": 1,
        "events": events,
        "pending": pending,
        "nextNotBefore": next_not_before,
        "nextType": next_type,
    }


@pytest.mark.parametrize("name", [None, ""])
def test_nameless(name: str | None) -> None:
    """Without a name no event concerns this VM."""
    assert summarize_events({"Events": [event()]}, name)["pending"] == 0
