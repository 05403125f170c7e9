# SPDX-License-Identifier: Apache-2.0
"""Test when events are told again."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from azure_imds_facts.core.events.model import Event, parse_timeline
from azure_imds_facts.salt.reminders import Reminders

from tests.support.clocks import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    """A clock that a test moves."""
    return ManualClock()


def announce(clock: ManualClock, notice_s: float, **fields: Any) -> Event:
    """An event that may begin after so many seconds."""
    raw = {"EventId": "e1", "EventStatus": "Scheduled", "EventType": "Reboot", "Resources": ["web"], **fields}
    raw["NotBefore"] = formatdate(clock.time() + notice_s, usegmt=True)
    (event,) = parse_timeline({"DocumentIncarnation": 1, "Events": [raw]}).events
    return event


def count(clock: ManualClock, reminders: Reminders, events: list[Event], seconds: int) -> list[float]:
    """Look once a second, and return when something was due."""
    began, found = clock.passed, []
    for _second in range(seconds):
        clock.advance(1)
        found += [clock.passed - began for _event in reminders.take_due(events)]
    return found


@pytest.mark.parametrize(("notice_s", "expected"), [(900, 14), (30, 3), (120, 3), (4, 3)])
def test_before_it_begins(notice_s: int, expected: int, clock: ManualClock) -> None:
    """Every minute, and three times at least before it may begin."""
    reminders = Reminders(clock, every_s=60, is_acknowledged=lambda _event: False)
    event = announce(clock, notice_s)
    reminders.note(event)
    assert len(count(clock, reminders, [event], notice_s - 1)) >= expected
    assert len(count(clock, reminders, [event], 1)) <= 1


def test_ends(clock: ManualClock) -> None:
    """What was acknowledged, has started or is gone is told no more, and `remind: 0` tells nothing again."""
    acknowledged: set[str] = set()
    reminders = Reminders(clock, every_s=60, is_acknowledged=acknowledged.__contains__)
    event = announce(clock, 900)
    assert count(clock, reminders, [event], 130) == [61, 121]  # not told by this process yet: a minute from now on
    acknowledged.add("e1")
    assert count(clock, reminders, [event], 130) == []
    acknowledged.clear()
    assert count(clock, reminders, [announce(clock, 900, EventStatus="Started")], 130) == []
    assert count(clock, reminders, [], 130) == []
    assert count(clock, Reminders(clock, every_s=0, is_acknowledged=lambda _event: False), [event], 900) == []


def test_overdue(clock: ManualClock) -> None:
    """What should have begun and is still scheduled is told every minute."""
    reminders = Reminders(clock, every_s=60, is_acknowledged=lambda _event: False)
    assert len(count(clock, reminders, [announce(clock, -100)], 301)) == 5


def test_late(clock: ManualClock) -> None:
    """A minion that stood still tells it once, not once for each time that it missed."""
    reminders = Reminders(clock, every_s=60, is_acknowledged=lambda _event: False)
    event = announce(clock, 9000)
    reminders.note(event)
    clock.advance(600)
    assert count(clock, reminders, [event], 90) == [1, 61]
