# SPDX-License-Identifier: Apache-2.0
"""Plans of scheduled events: their grammar."""

from __future__ import annotations

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.vm.event_plans import parse_event_plan


def test_a_plan_has_options() -> None:
    """The text of --event holds the type and its options."""
    plan = parse_event_plan("Terminate:after=10s:notice=15m:duration=-1:resources=a+b:source=User")
    assert plan.kind == "Terminate"
    assert plan.arguments == {
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
def test_an_invalid_plan_is_rejected(text: str, message: str) -> None:
    """An invalid plan is rejected with the part and the allowed values."""
    with pytest.raises(EmulatorError) as caught:
        parse_event_plan(text)
    assert message in str(caught.value)
