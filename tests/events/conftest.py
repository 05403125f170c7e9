# SPDX-License-Identifier: Apache-2.0
"""What the tests of scheduled events share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.clock import Deadline
from azure_imds_facts.core.transport import Response
from azure_imds_facts.emulator import Emulator

from tests.support.clocks import ManualClock
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport

from .processes import Watcher


class PostingScript(ScriptedTransport):
    """A scripted transport that keeps what was posted as well."""

    bodies: list[bytes | None]

    def fetch(self, url: str, headers: Mapping[str, str], deadline: Deadline, *, body: bytes = b"") -> Response:
        """Take the next step."""
        self.bodies = [*getattr(self, "bodies", []), body]
        return super().fetch(url, headers, deadline)

    def open(self) -> PostingScript:
        """Count and return this transport."""
        super().open()
        return self


def raw_event(event_id: str = "A", **fields: object) -> dict[str, Any]:
    """An event as IMDS writes it."""
    return {
        "EventId": event_id,
        "EventStatus": "Scheduled",
        "EventType": "Reboot",
        "ResourceType": "VirtualMachine",
        "Resources": ["web-01"],
        "NotBefore": "Tue, 14 Nov 2023 22:28:20 GMT",
        "Description": "Host server is undergoing maintenance.",
        "EventSource": "Platform",
        "DurationInSeconds": -1,
        **fields,
    }


def document(*events: dict[str, Any], incarnation: int = 1) -> dict[str, Any]:
    """A document of scheduled events."""
    return {"DocumentIncarnation": incarnation, "Events": list(events)}


@pytest.fixture
def clock() -> ManualClock:
    """A clock that does not wait."""
    return ManualClock()


@pytest.fixture
def reporter() -> ListReporter:
    """A reporter that remembers."""
    return ListReporter()


@pytest.fixture
def emulate() -> Iterator[Callable[..., Emulator]]:
    """Start emulators with given settings; all are closed at the end."""
    started: list[Emulator] = []

    def start(**settings: Any) -> Emulator:
        started.append(Emulator(**settings).start())
        return started[-1]

    yield start
    for emulator in started:
        emulator.close()


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Callable[..., Watcher]]:
    """Start watchers with given flags; all are ended at the end."""
    started: list[Watcher] = []

    def start(emulator: Emulator, *arguments: str) -> Watcher:
        flags = ("--endpoint", emulator.url, "--cache-dir", str(tmp_path / "cache"))
        started.append(Watcher(tmp_path, *flags, *arguments))
        return started[-1]

    yield start
    for watcher in started:
        if watcher.process.poll() is None:
            watcher.process.kill()
        watcher.process.wait(60)
