# SPDX-License-Identifier: Apache-2.0
"""What users reported: IMDS answered 200 without a body, and events never ended."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.events.watch import Watch
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.settings import build_settings

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.events import document, raw_event
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply
from tests.support.servers import RawServer, sending

EMPTY = reply(200, b"")


@pytest.fixture
def clock() -> ManualClock:
    """A clock that does not wait."""
    return ManualClock()


def watch(clock: ManualClock, *steps: Any) -> list[list[str]]:
    """Return the changes of each poll over these answers."""
    transport = ScriptedTransport(*steps)
    client = EventClient("http://169.254.169.254", transport.open, clock=clock)
    watched = Watch(client, vm_name="web-01", clock=clock)
    found = []
    for _ in steps:
        clock.advance(2)
        found.append([change.kind for change in watched.poll()])
    return found


def test_an_event_never_completed(clock: ManualClock) -> None:
    """Two answers without a body in a row mean that what was known is over."""
    started = reply(200, document(raw_event(EventStatus="Started", NotBefore="")))
    assert watch(clock, started, EMPTY, EMPTY, EMPTY) == [["started"], [], ["completed"], []]


def test_one_empty_answer_is_an_accident(clock: ManualClock) -> None:
    """One answer without a body ends nothing."""
    planned = reply(200, document(raw_event()))
    assert watch(clock, planned, EMPTY, planned, EMPTY, planned) == [["scheduled"], [], [], [], []]


@pytest.mark.parametrize("failure", [reply(500), reply(429), refused(), reply(200, b"<html>")])
def test_empty_answers_around_a_failure_are_two_accidents(failure: Any, clock: ManualClock) -> None:
    """Empty answers that are not in a row end nothing: an IMDS that fails now and then says nothing about events."""
    planned = reply(200, document(raw_event()))
    assert watch(clock, planned, EMPTY, failure, EMPTY, planned) == [["scheduled"], [], [], [], []]


def test_events_ended_with_an_error_where_nothing_was_planned(tmp_path: Path) -> None:
    """The command prints nothing and ends well."""
    with RawServer(sending(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) as server:
        command = [sys.executable, "-m", "azure_imds_facts", "events", "--all", "--endpoint", server.url]
        done = subprocess.run([*command, "--cache-dir", str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    assert len(server.requests) == 1


def test_the_category_was_missing_where_nothing_was_planned(clock: ManualClock, tmp_path: Path) -> None:
    """Among the facts an answer without a body is a document without events, and without an incarnation."""
    transport = ScriptedTransport(lambda url: EMPTY if "events" in url else reply(200, build_document()))
    settings = build_settings({"gather": "scheduled_events", "cache_dir": str(tmp_path / "c")}, {})
    host = build_host(tmp_path / "host")
    facts = build_facts(
        collect(settings, open_transport=transport.open, host=host, clock=clock), reporter=ListReporter()
    )
    assert facts["snapshot"]["missing"] == []
    assert json.loads(json.dumps(facts["scheduledEvents"])) == {
        "incarnation": None, "events": [], "pending": 0, "nextNotBefore": "", "nextType": "",
    }  # fmt: skip


def test_a_restart_after_an_empty_answer_began_anew(clock: ManualClock) -> None:
    """The state that an empty answer left is read again."""
    transport = ScriptedTransport(EMPTY)
    first = Watch(EventClient("http://169.254.169.254", transport.open, clock=clock), vm_name="web-01", clock=clock)
    first.poll()
    state = json.loads(json.dumps(first.state()))
    second = Watch(EventClient("http://169.254.169.254", transport.open, clock=clock), vm_name="web-01", clock=clock)
    assert second.restore(state)
