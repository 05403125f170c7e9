# SPDX-License-Identifier: Apache-2.0
"""Test how a failure is remembered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.errors import ImdsError, UnreachableError
from azure_imds_facts.core.failure_memory import _IN_PROCESS, FailureMemory

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply

Collect = Callable[..., Any]


@pytest.mark.parametrize("process", ["same", "another"])
@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (refused(), "unreachable"),
        (reply(429), "throttled"),
        (reply(500), "unavailable"),
        (reply(403), "rejected"),
        (reply(302), "invalid"),
    ],
)
def test_remembered(step: Any, outcome: str, process: str, collect_from: Collect, clock: ManualClock) -> None:
    """For 60 s a failure ends a collection at once, in this process and in others; then IMDS is asked again."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(step), failure_memory=FailureMemory(seconds=60))
    if process == "another":
        _IN_PROCESS.clear()
    transport = ScriptedTransport(reply(200, build_document()))
    began = clock.passed
    clock.advance(50)
    memory = FailureMemory(seconds=60)
    with pytest.raises(ImdsError) as caught:
        collect_from(transport, failure_memory=memory)
    assert (caught.value.outcome, memory.has_recalled) == (outcome, True)
    assert transport.opened == 0
    assert clock.passed == began + 50
    clock.advance(11)
    assert collect_from(transport, failure_memory=FailureMemory(seconds=60)).source == "imds"


def test_without_failures_handed_in(collect_from: Collect) -> None:
    """Without a memory handed in, failures are neither remembered nor heeded."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60))
    assert collect_from(ScriptedTransport(reply(200, build_document()))).source == "imds"


def test_forgotten_after_success(collect_from: Collect, clock: ManualClock) -> None:
    """Where another tool has brought an answer meanwhile it is read from the cache."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60))
    collect_from(ScriptedTransport(reply(200, build_document())))
    assert collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60)).source == "cache"


def test_not_of_another_boot_or_endpoint(collect_from: Collect, tmp_path: Path) -> None:
    """Another boot's and another endpoint's failures mean nothing here."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60))
    transport = ScriptedTransport(reply(200, build_document()))
    assert (
        collect_from(transport, failure_memory=FailureMemory(seconds=60), endpoint="http://127.0.0.1:9").source
        == "imds"
    )
    _IN_PROCESS.clear()
    host = build_host(tmp_path / "host", boot_id="another")
    assert collect_from(transport, failure_memory=FailureMemory(seconds=60), host=host).source == "imds"


def test_stale_is_reported_once(collect_from: Collect, clock: ManualClock, reporter: ListReporter) -> None:
    """A stale answer after a remembered failure is no new warning."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    clock.advance(100)
    for _ in range(3):
        assert collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60)).source == "stale"
    assert len(reporter.warnings) == 1


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b"null", b"{}", b"[" * 100_000, b'{"bootId": 5}'])
def test_damaged_file(content: bytes, collect_from: Collect, tmp_path: Path) -> None:
    """A damaged file is no failure."""
    with pytest.raises(UnreachableError):
        collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60))
    _IN_PROCESS.clear()
    (path,) = (tmp_path / "cache").glob("failure.*.json")
    path.write_bytes(content)
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, failure_memory=FailureMemory(seconds=60)).source == "imds"


def test_broken_memory(collect_from: Collect, tmp_path: Path) -> None:
    """A file that is none is no failure."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60))
    _IN_PROCESS.clear()
    (path,) = (tmp_path / "cache").glob("failure.*.json")
    path.write_text(re.sub('"boottime": [0-9.]+', '"boottime": ' + "9" * 400, path.read_text()))
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, failure_memory=FailureMemory(seconds=60)).source == "imds"


@pytest.mark.parametrize("process", ["same", "another"])
def test_an_answer_ends_it(process: str, collect_from: Collect) -> None:
    """A failure ends once a process that ignores it has had an answer."""

    class Deaf(FailureMemory):
        def recall(self, *key: object) -> None:  # type: ignore[override]
            super().recall(*key)  # type: ignore[arg-type]

    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), failure_memory=FailureMemory(seconds=60))
    collect_from(ScriptedTransport(reply(200, build_document())), failure_memory=Deaf(seconds=0))
    if process == "another":
        _IN_PROCESS.clear()
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, cache_ttl=0, failure_memory=FailureMemory(seconds=60)).source == "imds"
