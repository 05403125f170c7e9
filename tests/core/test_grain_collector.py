# SPDX-License-Identifier: Apache-2.0
"""Test that a grain stays: over days in which IMDS hardly answers, and over every failure that says nothing against it."""

from __future__ import annotations

import random
from typing import Any, Callable

import pytest
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.failure_memory import _IN_PROCESS, FailureMemory
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.salt_spelling import spell_salt

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply

Collect = Callable[..., Any]
FAILURES = {"unreachable": refused(), "throttled": reply(429), "unavailable": reply(503), "rejected": reply(403)}


def load(collect_from: Collect, *steps: Any, remember_s: float = 0, **options: Any) -> Any:
    """Load the grain once, as a minion that runs does; with 60 s as a program that starts."""
    return collect_from(ScriptedTransport(*steps), memory=FailureMemory(seconds=remember_s), **options)


@pytest.mark.parametrize("step", FAILURES.values(), ids=list(FAILURES))
@pytest.mark.parametrize("age_s", [100, 3 * 86_400])
def test_kept(step: Any, age_s: float, collect_from: Collect, clock: ManualClock, reporter: ListReporter) -> None:
    """An answer of this boot does, however old it is, with a warning."""
    load(collect_from, reply(200, build_document()))
    clock.advance(age_s)
    found = load(collect_from, step)
    assert (found.source, found.age_s >= age_s) == ("stale", True)
    assert "Using stale facts" in reporter.warnings[-1]


def test_not_kept(collect_from: Collect, clock: ManualClock) -> None:
    """Not after an answer that is not this VM's IMDS, nor with sensitive fields, which are kept nowhere."""
    load(collect_from, reply(200, build_document()))
    clock.advance(100)
    with pytest.raises(ImdsError, match="302"):
        load(collect_from, reply(302))
    with pytest.raises(ImdsError):
        load(collect_from, refused(), reveal="user_data")


def test_others_are_stricter(collect_from: Collect, clock: ManualClock) -> None:
    """Other adapters do not use an answer after `rejected`, nor one of yesterday."""
    load(collect_from, reply(200, build_document()))
    clock.advance(100)
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(reply(403)))
    clock.advance(86_400)
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()))


def test_asks_once(collect_from: Collect) -> None:
    """What looks after a missing grain makes one request, whatever comes of it."""
    transport = ScriptedTransport(reply(503), reply(200, build_document()))
    with pytest.raises(ImdsError, match="1 request in"):
        collect_from(transport, memory=FailureMemory(seconds=0), asks_once=True)
    assert len(transport.urls) == 1
    assert collect_from(transport, memory=FailureMemory(seconds=0), asks_once=True).source == "imds"


def test_one_refresh_in_ten_answered(collect_from: Collect, clock: ManualClock) -> None:
    """Over three days in which IMDS answers one refresh in ten the grain is never absent, whoever loads it."""
    chance = random.Random(19)  # noqa: S311
    load(collect_from, reply(200, build_document()))
    answered = loads = 0
    while clock.passed < 3 * 86_400:
        clock.advance(chance.choice([1, 30, 300, 1800]))
        is_starting = chance.random() < 0.2
        if is_starting:
            _IN_PROCESS.clear()  # a salt-call, or a minion that starts again
        is_answered = chance.random() < 0.1
        step = reply(200, build_document()) if is_answered else chance.choice(list(FAILURES.values()))
        found = load(collect_from, step, remember_s=60 if is_starting else 0)
        answered, loads = answered + is_answered, loads + 1
        assert found.document["compute"]["vmId"]
    assert loads > 300
    assert 0.05 < answered / loads < 0.15


def test_a_day_replayed(collect_from: Collect, clock: ManualClock) -> None:
    """Over a day of refreshes, cached or not, the bytes of the grain of a VM that stays the same never change."""
    seen = set()
    for _refresh in range(48):
        for ttl in (60, 0):
            found = load(collect_from, reply(200, build_document()), cache_ttl=ttl)
            seen.add(repr(spell_salt(build_facts(found, reporter=Reporter()))))
        clock.advance(1800)
    assert len(seen) == 1
