# SPDX-License-Identifier: Apache-2.0
"""Test the outcomes' names and exit codes."""

from __future__ import annotations

from azure_imds_facts.core.errors import OK, TRANSIENT, ImdsError, NotAzureError


def test_outcomes() -> None:
    """Each outcome has one class and one exit code."""
    assert {cls.outcome: cls.exit_code for cls in ImdsError.__subclasses__()} == {
        "usage": 2,
        "not_azure": 3,
        "unreachable": 4,
        "throttled": 5,
        "unavailable": 6,
        "rejected": 7,
        "invalid": 8,
    }
    assert OK == "ok"
    assert {cls.outcome for cls in TRANSIENT} == {"unreachable", "throttled", "unavailable"}


def test_text() -> None:
    """An error reads as its problem and what to do about it."""
    assert str(ImdsError("It failed.", hint="Repair it.")) == "It failed. Repair it."
    assert str(ImdsError("It failed.")) == "It failed."
    assert not NotAzureError("No.").is_other_platform
