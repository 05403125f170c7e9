# SPDX-License-Identifier: Apache-2.0
"""Test how a turn is waited for, without processes."""

from __future__ import annotations

import os
from pathlib import Path

from azure_imds_facts.core.cache import Cache, Key
from azure_imds_facts.core.clock import Deadline
from azure_imds_facts.core.retry import wait_for_turn

from tests.support.clocks import ManualClock
from tests.support.reporters import ListReporter

KEY = Key(endpoint="http://127.0.0.1", path="/x", asked="negotiated", boot_id="b")


def nothing() -> None:
    """Find nothing."""


def test_turns(tmp_path: Path, clock: ManualClock, reporter: ListReporter) -> None:
    """One has the turn; another gets it after its end, or what was brought, or neither at its deadline."""
    cache = Cache(str(tmp_path / "cache"), clock=clock, reporter=reporter)
    first, found = wait_for_turn(cache, KEY, nothing, Deadline(5.0, clock))
    assert first is not None
    assert found is None
    assert clock.slept == []
    before = len(os.listdir(tmp_path / "cache"))
    assert wait_for_turn(cache, KEY, nothing, Deadline(2.0, clock)) == (None, None)
    assert 2.0 <= clock.passed < 2.1
    assert max(clock.slept) <= 0.15
    looks = iter([None, None, "brought"])
    assert wait_for_turn(cache, KEY, lambda: next(looks), Deadline(2.0, clock)) == (
        None,
        "brought",
    )
    first.close()
    second, found = wait_for_turn(cache, KEY, nothing, Deadline(2.0, clock))
    assert second is not None
    assert found is None
    second.close()
    assert len(os.listdir(tmp_path / "cache")) == before == 1


def test_other_keys_do_not_wait(tmp_path: Path, clock: ManualClock, reporter: ListReporter) -> None:
    """Each key has turns of its own."""
    cache = Cache(str(tmp_path / "cache"), clock=clock, reporter=reporter)
    turns = []
    for path in ("/x", "/y"):
        key = Key(**{**KEY.__dict__, "path": path})
        turns.append(wait_for_turn(cache, key, nothing, Deadline(2.0, clock))[0])
    assert all(turns)
    assert clock.slept == []
    for turn in turns:
        assert turn is not None
        turn.close()


def test_without_a_cache(clock: ManualClock, reporter: ListReporter) -> None:
    """Without a directory everybody has the turn at once."""
    cache = Cache(None, clock=clock, reporter=reporter)
    turns = [wait_for_turn(cache, KEY, nothing, Deadline(1.0, clock))[0] for _ in range(2)]
    assert all(turns)
    assert clock.slept == []
