# SPDX-License-Identifier: Apache-2.0
"""The record of commands."""

from __future__ import annotations

from azure_imds_facts.core.events.model import Change, parse_event
from azure_imds_facts.core.events.runner import End
from azure_imds_facts.core.events.runs import Runs

from tests.support.events import raw_event

CHANGE = Change(kind="scheduled", event=parse_event(raw_event()))


def end(code: int, *, is_late: bool = False) -> End:
    """Return the end of a command that took a minute."""
    return End(change=CHANGE, exit_code=code, is_success=code == 0 and not is_late, is_late=is_late, took_s=60.0)


def test_a_hundred_are_remembered() -> None:
    """All are counted, the last hundred remembered, those that run come last, and only ends are read again."""
    runs = Runs()
    for number in range(150):
        runs.add(end(number % 2), now_s=1_700_000_000.0 + number)
    runs.add(end(0, is_late=True), now_s=1_700_001_000.0)
    assert runs.counts == {"success": 75, "failure": 75, "timeout": 1}
    listed = runs.spell([(CHANGE, 1_700_002_000.0)])
    assert len(listed) == 101
    assert listed[-2] == {
        "event_id": "A", "event_type": "Reboot", "change": "scheduled", "started_at": "2023-11-14T22:29:00Z",
        "ended_at": "2023-11-14T22:30:00Z", "exit_code": 0, "late": True,
    }  # fmt: skip
    assert "ended_at" not in listed[-1]
    again = Runs()
    again.restore({"runs": listed})
    assert again.spell([]) == listed[:-1]
    again.restore({"runs": 5})


def test_no_end_before_its_start() -> None:
    """Both are rounded alike, to whole seconds."""
    runs = Runs()
    brief = End(change=CHANGE, exit_code=0, is_success=True, is_late=False, took_s=0.1)
    runs.add(brief, now_s=1_700_000_000.9)
    run = runs.spell([])[0]
    assert run["started_at"] == run["ended_at"]
