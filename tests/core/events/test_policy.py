# SPDX-License-Identifier: Apache-2.0
"""Which events run the command and which are approved, as the flags say."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.events.model import Change, changes, parse_timeline
from azure_imds_facts.core.events.policy import Policy, parse_types

from tests.support.events import document, raw_event


def build_change(**fields: Any) -> Change:
    """Return the change of a new event."""
    (change,) = changes(None, parse_timeline(document(raw_event(**fields))))
    return change


@pytest.mark.parametrize(
    ("types", "runs"),
    [
        (None, {"Reboot", "Preempt", "NewKind", ""}),
        (("freeze",), {"Freeze"}),
        (("all",), {"Freeze", "Reboot", "Preempt", "NewKind", ""}),
    ],
)
def test_types(types: tuple[str, ...] | None, runs: set[str]) -> None:
    """By default every type but Freeze runs the command, one that Azure adds later too; named types alone do."""
    policy = Policy(types=types)
    kinds = ("Freeze", "Reboot", "Preempt", "NewKind", "")
    assert {kind for kind in kinds if policy.runs_command(build_change(EventType=kind).event)} == runs


def test_names_of_types() -> None:
    """They are read without case and blanks; an unknown one is a usage error that names the known ones."""
    assert parse_types(" Freeze,PREEMPT ,") == ("freeze", "preempt")
    for wrong in ("Rebot", ",", "Freeze,x"):
        with pytest.raises(UsageError, match="Preempt"):
            parse_types(wrong)


@pytest.mark.parametrize(
    ("fields", "policy", "expected"),
    [
        ({"EventSource": "User"}, {"approves_user": True}, True),
        ({"EventSource": "User"}, {}, False),
        ({"EventSource": "Platform"}, {"approves_user": True}, False),
        ({"EventSource": "User", "EventStatus": "Started"}, {"approves_user": True}, False),
        ({"EventType": "Freeze", "DurationInSeconds": 9}, {"approve_freeze_below_s": 10.0}, True),
        ({"EventType": "Freeze", "DurationInSeconds": 10}, {"approve_freeze_below_s": 10.0}, False),
        ({"EventType": "Freeze", "DurationInSeconds": -1}, {"approve_freeze_below_s": 10.0}, False),
        ({"EventType": "Reboot", "DurationInSeconds": 5}, {"approve_freeze_below_s": 10.0}, False),
        ({"EventType": "Freeze", "DurationInSeconds": 5}, {}, False),
    ],
)
def test_approved_at_once(fields: dict[str, Any], policy: dict[str, Any], expected: bool) -> None:
    """What a user asked for, and a Freeze of known duration below the limit, each where its flag is given."""
    assert Policy(**policy).approves_at_once(build_change(**fields)) is expected


def test_shared_events() -> None:
    """An event that names other VMs is refused unless that is allowed; names are compared without case."""
    shared = build_change(Resources=["WEB-01", "db-01"]).event
    assert "db-01" in Policy().refuse_approval(shared, "web-01")
    assert Policy(approves_shared=True).refuse_approval(shared, "web-01") == ""
    assert Policy().refuse_approval(build_change(Resources=["WEB-01"]).event, "web-01") == ""
    assert "not known" in Policy().refuse_approval(shared, None)
