# SPDX-License-Identifier: Apache-2.0
"""One schema for an event, whoever gets it."""

from __future__ import annotations

from typing import Any

import pytest
from azure_imds_facts.core.events.model import changes, parse_timeline
from azure_imds_facts.core.events.spelling import build_environment, spell_approval, spell_change, spell_event

from tests.support.events import document, raw_event

NOT_BEFORE_S = 1_700_000_900.0
STARTED: Any = {"EventStatus": "Started", "NotBefore": ""}
SPELLED = {
    "event_id": "A",
    "event_type": "Reboot",
    "event_status": "Scheduled",
    "resource_type": "VirtualMachine",
    "resources": ["web-01"],
    "not_before": "2023-11-14T22:28:20Z",
    "seconds_left": 900,
    "description": "Host server is undergoing maintenance.",
    "event_source": "Platform",
    "duration_in_seconds": None,
    "concerns_others": False,
}


def spell(*, now_s: float = NOT_BEFORE_S - 900, vm_name: str | None = "web-01", **fields: Any) -> dict[str, Any]:
    """Return the spelling of one new event."""
    (change,) = changes(None, parse_timeline(document(raw_event(**fields))))
    spelled = spell_change(change, now_s=now_s, vm_name=vm_name)
    assert spelled == {
        "change": change.kind,
        "reminder": False,
        **spell_event(change.event, now_s=now_s, vm_name=vm_name),
    }
    return spelled


def test_a_scheduled_event() -> None:
    """Programs get one flat object."""
    assert spell() == {"change": "scheduled", "reminder": False, **SPELLED}


def test_a_started_event() -> None:
    """Its time is over, whatever time IMDS still names."""
    wanted = {**SPELLED, "event_status": "Started", "not_before": "", "seconds_left": None}
    assert spell(**STARTED) == {"change": "started", "reminder": False, **wanted}
    assert spell(EventStatus="Started") == spell(**STARTED)


@pytest.mark.parametrize(
    ("now_s", "left_s"), [(NOT_BEFORE_S - 0.5, 0), (NOT_BEFORE_S + 60, 0), (NOT_BEFORE_S - 29.9, 29)]
)
def test_seconds_left(now_s: float, left_s: int) -> None:
    """Whole seconds, 0 at least."""
    assert spell(now_s=now_s)["seconds_left"] == left_s


def test_a_time_that_is_none() -> None:
    """Without a time there are no seconds left."""
    spelled = spell(NotBefore="soon")
    assert (spelled["not_before"], spelled["seconds_left"]) == ("", None)


@pytest.mark.parametrize(
    ("resources", "vm_name", "concerns_others"),
    [
        (["web-01"], "WEB-01", False),
        (["web-01", "db"], "web-01", True),
        (["_web-01"], "web-01", False),
        ([], "web-01", False),
        (["web-01", "db"], None, None),
    ],
)
def test_concerns_others(resources: list[str], vm_name: str | None, concerns_others: bool | None) -> None:
    """Names are compared without case, those of the preview without the mark before them."""
    assert spell(vm_name=vm_name, Resources=resources)["concerns_others"] is concerns_others


def test_a_reminder() -> None:
    """A change that is told again says so."""
    (change,) = changes(None, parse_timeline(document(raw_event())))
    assert spell_change(change, now_s=0, vm_name=None, is_reminder=True)["reminder"] is True


def test_an_approval() -> None:
    """What an approval answers."""
    assert spell_approval("A", is_new=True) == {"event_id": "A", "approved": True, "already_started": False}
    assert spell_approval("A", is_new=False)["already_started"] is True


def test_environment() -> None:
    """Each field is a variable; lists have commas, booleans are JSON's, what is not known is empty."""
    spelled = spell(Resources=["web-01", "db"])
    variables = {name.rpartition("EVENT_")[2]: value for name, value in build_environment(spelled).items()}
    assert variables == {
        "CHANGE": "scheduled",
        "ID": "A",
        "TYPE": "Reboot",
        "STATUS": "Scheduled",
        "RESOURCE_TYPE": "VirtualMachine",
        "RESOURCES": "web-01,db",
        "NOT_BEFORE": "2023-11-14T22:28:20Z",
        "SECONDS_LEFT": "900",
        "DESCRIPTION": "Host server is undergoing maintenance.",
        "SOURCE": "Platform",
        "DURATION": "",
        "CONCERNS_OTHERS": "true",
    }
    assert build_environment(spell(**STARTED))["AZURE_IMDS_EVENT_SECONDS_LEFT"] == ""
