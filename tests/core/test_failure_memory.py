# SPDX-License-Identifier: Apache-2.0
"""Test how a failure is remembered."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

import pytest
from azure_imds_facts.core.errors import ImdsError, UnreachableError
from azure_imds_facts.core.failure_memory import _IN_PROCESS, FailureMemory

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply

Collect = Callable[..., Any]


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
def test_own(step: Any, outcome: str, collect_from: Collect, clock: ManualClock) -> None:
    """A process does not wait for its own failure twice; with 0 seconds it asks, whatever happened a moment ago."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(step), memory=FailureMemory(seconds=60))
    transport = ScriptedTransport(reply(200, build_document()))
    began = clock.passed
    clock.advance(8)
    memory = FailureMemory(seconds=60)
    with pytest.raises(ImdsError) as caught:
        collect_from(transport, memory=memory)
    assert (caught.value.outcome, memory.has_recalled) == (outcome, True)
    assert transport.opened == 0
    assert clock.passed == began + 8
    assert collect_from(transport, memory=FailureMemory(seconds=0)).source == "imds"


@pytest.mark.parametrize("step", [refused(), reply(429), reply(500), reply(403), reply(302)])
def test_of_another_process_with_nothing_kept(step: Any, collect_from: Collect) -> None:
    """With nothing kept IMDS is asked, whatever happened to another process a moment ago."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(step), memory=FailureMemory(seconds=60))
    _IN_PROCESS.clear()
    memory = FailureMemory(seconds=60)
    assert collect_from(ScriptedTransport(reply(200, build_document())), memory=memory).source == "imds"
    assert not memory.has_recalled


@pytest.mark.parametrize(
    ("step", "source"),
    [(refused(), "stale"), (reply(429), "stale"), (reply(500), "stale"), (reply(403), "stale"), (reply(302), "imds")],
)
def test_of_another_process_with_an_answer_kept(
    step: Any, source: str, collect_from: Collect, clock: ManualClock
) -> None:
    """With an answer kept it is used at once, for 60 s, unless the failure says something against it."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    clock.advance(100)
    assert_failed(step, collect_from)
    _IN_PROCESS.clear()
    transport = ScriptedTransport(reply(200, build_document()))
    clock.advance(50)
    assert collect_from(transport, memory=FailureMemory(seconds=60)).source == source
    assert transport.opened == (source == "imds")


def test_of_another_process_long_ago(collect_from: Collect, clock: ManualClock) -> None:
    """After 60 s it is forgotten."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    clock.advance(100)
    assert_failed(refused(), collect_from)
    _IN_PROCESS.clear()
    clock.advance(61)
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, memory=FailureMemory(seconds=60)).source == "imds"


def assert_failed(step: Any, collect_from: Collect) -> None:
    """Let a collection fail, and remember it."""
    memory = FailureMemory(seconds=60)
    try:
        assert collect_from(ScriptedTransport(step), memory=memory).source == "stale"
    except ImdsError as error:
        assert error.outcome == "invalid"  # noqa: PT017  stale facts do for every other one


def test_without_failures_handed_in(collect_from: Collect) -> None:
    """Without a memory handed in, failures are neither remembered nor heeded."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60))
    assert collect_from(ScriptedTransport(reply(200, build_document()))).source == "imds"


def test_forgotten_after_success(collect_from: Collect, clock: ManualClock) -> None:
    """Where another tool has brought an answer meanwhile it is read from the cache."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60))
    collect_from(ScriptedTransport(reply(200, build_document())))
    assert collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60)).source == "cache"


def test_not_of_another_boot_or_endpoint(collect_from: Collect, tmp_path: Path) -> None:
    """Another boot's and another endpoint's failures mean nothing here."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60))
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, memory=FailureMemory(seconds=60), endpoint="http://127.0.0.1:9").source == "imds"
    _IN_PROCESS.clear()
    host = build_host(tmp_path / "host", boot_id="another")
    assert collect_from(transport, memory=FailureMemory(seconds=60), host=host).source == "imds"


def test_stale_is_reported_once(collect_from: Collect, clock: ManualClock, reporter: ListReporter) -> None:
    """A stale answer after a remembered failure is no new warning."""
    collect_from(ScriptedTransport(reply(200, build_document())))
    clock.advance(100)
    for _ in range(3):
        assert collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60)).source == "stale"
    assert len(reporter.warnings) == 1


@pytest.mark.parametrize("content", [b"", b"x", b"[]", b"null", b"{}", b"[" * 100_000, b'{"bootId": 5}'])
def test_damaged_file(content: bytes, collect_from: Collect, tmp_path: Path) -> None:
    """A damaged file is no failure."""
    with pytest.raises(UnreachableError):
        collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60))
    _IN_PROCESS.clear()
    (path,) = (tmp_path / "cache").glob("failure.*.json")
    path.write_bytes(content)
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, memory=FailureMemory(seconds=60)).source == "imds"


def test_broken_memory(collect_from: Collect, tmp_path: Path) -> None:
    """A file that is none is no failure."""
    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60))
    _IN_PROCESS.clear()
    (path,) = (tmp_path / "cache").glob("failure.*.json")
    path.write_text(re.sub('"boottime": [0-9.]+', '"boottime": ' + "9" * 400, path.read_text()))
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, memory=FailureMemory(seconds=60)).source == "imds"


@pytest.mark.parametrize("process", ["same", "another"])
def test_an_answer_ends_it(process: str, collect_from: Collect) -> None:
    """A failure ends once a process that ignores it has had an answer."""

    class Deaf(FailureMemory):
        def recall(self, *key: object) -> None:  # type: ignore[override]
            super().recall(*key)  # type: ignore[arg-type]

    with pytest.raises(ImdsError):
        collect_from(ScriptedTransport(refused()), memory=FailureMemory(seconds=60))
    collect_from(ScriptedTransport(reply(200, build_document())), memory=Deaf(seconds=0))
    if process == "another":
        _IN_PROCESS.clear()
    transport = ScriptedTransport(reply(200, build_document()))
    assert collect_from(transport, cache_ttl=0, memory=FailureMemory(seconds=60)).source == "imds"
