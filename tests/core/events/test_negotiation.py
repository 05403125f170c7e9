# SPDX-License-Identifier: Apache-2.0
"""The choice of the api-version from one answer to the next; whole calls are in test_client.py."""

from __future__ import annotations

from azure_imds_facts.core.client import Answer
from azure_imds_facts.core.errors import RejectedError
from azure_imds_facts.core.events.negotiation import EventNegotiation
from azure_imds_facts.core.versions import SCHEDULED_EVENTS

REFUSED = Answer(version=None, status=400, error=RejectedError("400"))
ANSWERED = Answer(version=None, status=200, value={})


def test_older_ones_while_refused_then_newer_once_more() -> None:
    """The newest first, then older ones; before one is settled the next newer one is tried again."""
    negotiation = EventNegotiation(None)
    asked = []
    for answer in (REFUSED, REFUSED, ANSWERED, REFUSED, ANSWERED):
        asked.append(negotiation.version)
        negotiation.consider(answer)
    places = [SCHEDULED_EVENTS.index(version) for version in asked]
    assert places == [0, 1, 2, 1, 2]


def test_a_pinned_version_stays() -> None:
    """It is never negotiated away."""
    negotiation = EventNegotiation(SCHEDULED_EVENTS[-1])
    assert not negotiation.consider(REFUSED)
    assert negotiation.version == SCHEDULED_EVENTS[-1]
