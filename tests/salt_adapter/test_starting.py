# SPDX-License-Identifier: Apache-2.0
"""Test which loads of the grains belong to a program's start."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

MINION = {"__cli": "salt-minion", "master_type": "str"}


@pytest.fixture
def note_load(import_salt_adapter: Callable[[str], Any]) -> Callable[..., bool]:
    """The function, in a process that has loaded nothing yet."""
    starting = import_salt_adapter("starting")
    starting._LOADS.clear()
    found: Callable[..., bool] = starting.note_load
    return found


def test_minion(note_load: Callable[..., bool]) -> None:
    """Two, whether the configuration names the port or not."""
    opts = [{**MINION, "master": master} for master in ("salt:4506", "salt", "salt", "salt")]
    assert [note_load(one) for one in opts] == [True, True, False, False]


def test_two_masters(note_load: Callable[..., bool]) -> None:
    """Two for each master, in any order."""
    opts = [{**MINION, "master": master} for master in ("a", "b", "b", "a", "b", "a")]
    assert [note_load(one) for one in opts] == [True, True, True, True, False, False]


def test_one_master_of_several(note_load: Callable[..., bool]) -> None:
    """Two, where a minion begins with a list and ends up with one of it."""
    opts = [{**MINION, "master_type": "failover", "master": master} for master in (["a", "b"], "b", "b")]
    assert [note_load(one) for one in opts] == [True, True, False]


@pytest.mark.parametrize("opts", [{}, {"__cli": "salt-call", "master": "salt"}])
def test_call(note_load: Callable[..., bool], opts: dict[str, Any]) -> None:
    """One of any other program."""
    assert [note_load(opts), note_load(opts)] == [True, False]
