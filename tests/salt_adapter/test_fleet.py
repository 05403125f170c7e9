# SPDX-License-Identifier: Apache-2.0
"""Test what a master makes of its minions' answers; tests/minions/test_states.py asks real ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="module")
def fleet(import_salt_adapter: Callable[[str], Any]) -> Any:
    """The module."""
    return import_salt_adapter("fleet")


def test_stale(fleet: Any) -> None:
    """Fresh answers are left out; older ones say how old, failures and silence what was wrong."""
    older = {"source": "stale", "fetchedAt": "2026-11-22T21:56:00Z", "ageSeconds": 99}
    answers = {
        "fresh": {"snapshot": {"source": "imds"}},
        "kept": {"snapshot": {"source": "cache"}},
        "older": {"snapshot": {**older, "endpoint": "x"}},
        "failed": "ERROR: unreachable: Asked …",
        "silent": "did not answer",
        "odd": {"snapshot": 5},
    }
    assert fleet.list_stale(answers) == {
        "failed": "ERROR: unreachable: Asked …",
        "odd": "{'snapshot': 5}",
        "older": older,
        "silent": "did not answer",
    }


def test_pending(fleet: Any) -> None:
    """Minions without events of their own are left out."""
    event = {"event_id": "e"}
    answers = {
        "quiet": {"pending": 0, "events": []},
        "others": {"pending": 0, "events": [event]},
        "own": {"pending": 1, "events": [event]},
        "failed": "ERROR",
    }
    assert fleet.list_pending(answers) == {"failed": "ERROR", "own": [event]}


def test_mine(fleet: Any) -> None:
    """The mine's own runner is asked."""
    asked = []

    def get(*words: str, **names: str) -> dict[str, Any]:
        asked.append((words, names))
        return {"web": {}}

    runners = {"mine.get": get}
    assert fleet.ask_mine(runners, "azure_imds.facts", tgt="*", tgt_type="glob") == {"web": {}}
    assert asked == [(("*", "azure_imds.facts"), {"tgt_type": "glob"})]
