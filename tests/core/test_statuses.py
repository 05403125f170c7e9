# SPDX-License-Identifier: Apache-2.0
"""Test the table of statuses."""

from __future__ import annotations

import pytest
from azure_imds_facts.core.statuses import meaning_of

RETRIED = {404: "unavailable", 408: "unavailable", 410: "unavailable", 429: "throttled"}


@pytest.mark.parametrize("status", [*range(100, 620), 0, 799, 999])
def test_meaning(status: int) -> None:
    """Every status has one meaning, with a hint."""
    meaning = meaning_of(status)
    if status in RETRIED:
        expected = (RETRIED[status], True)
    elif 400 <= status <= 499:
        expected = ("rejected", False)
    elif 500 <= status <= 599:
        expected = ("unavailable", True)
    else:
        expected = ("invalid", False)
    assert (meaning.error.outcome, meaning.is_retried) == expected
    assert meaning.sense
    assert meaning.hint.endswith(".")
