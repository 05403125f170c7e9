# SPDX-License-Identifier: Apache-2.0
"""Test the module that approves a scheduled event, through real Ansible."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.emulator import Emulator

from tests.e2e.conftest import shell
from tests.e2e.shell import Shell

__all__ = ["shell"]


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM."""
    with Emulator() as emulator:
        yield emulator


def status(imds: Emulator) -> list[str]:
    """Return the statuses of the events that IMDS lists."""
    return [event.status for event in EventClient(imds.url, HttpTransport).fetch_timeline().events]


def test_approve(shell: Shell, imds: Emulator) -> None:
    """The event starts; the second time there is nothing to do."""
    event_id = imds.event("Reboot")
    arguments = f"event_id={event_id} endpoint={imds.url}"
    done = shell.ansible("azure_imds_event_approve", arguments)
    assert (done["changed"], done["outcome"]) == (True, "ok")
    assert done["event"]["eventStatus"] == "Scheduled"
    assert status(imds) == ["Started"]
    again = shell.ansible("azure_imds_event_approve", arguments)
    assert (again["changed"], again["event"]["eventStatus"]) == (False, "Started")


def test_check_mode(shell: Shell, imds: Emulator) -> None:
    """Check mode leaves the event as it is."""
    event_id = imds.event("Redeploy")
    arguments = f"event_id={event_id} endpoint={imds.url}"
    done = shell.run("ansible", "localhost", "--check", "-m", "azure_imds_event_approve", "-a", arguments)
    assert '"changed": true' in done.stdout
    assert status(imds) == ["Scheduled"]


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_gone(check: list[str], shell: Shell, imds: Emulator) -> None:
    """An id that IMDS does not list fails, with what there is and what to do."""
    event_id = imds.event("Freeze")
    arguments = f"event_id=602d9444-d2cd-49c7-8624-8643e7171297 endpoint={imds.url}"
    done = shell.run("ansible", "localhost", *check, "-m", "azure_imds_event_approve", "-a", arguments)
    assert done.returncode == 2
    assert '"outcome": "rejected"' in done.stdout
    assert event_id in done.stdout
    assert "azure_imds_facts lists the events" in done.stdout
    assert status(imds) == ["Scheduled"]


def test_not_azure(shell: Shell) -> None:
    """On a machine that is no Azure VM nothing is asked."""
    failed = shell.ansible("azure_imds_event_approve", "event_id=x detect=auto")
    assert (failed["failed"], failed["outcome"]) == (True, "not_azure")


@pytest.mark.parametrize(("command", "left"), [(["true"], "Started"), (["false"], "Scheduled"), (None, "Scheduled")])
def test_drain(command: list[str] | None, left: str, shell: Shell, imds: Emulator) -> None:
    """The collection's playbook approves what has been drained for, and nothing where that failed or was not named."""
    given = {"azure_event_id": imds.event("Reboot"), **({"azure_drain_command": command} if command else {})}
    words = ("ansible-playbook", "azure_imds.facts.drain", "-e", json.dumps(given))
    done = shell.run(*words, AZURE_IMDS_ENDPOINT=imds.url)
    assert (done.returncode == 0) == (left == "Started"), done.stdout
    assert status(imds) == [left]
    assert command or "azure_drain_command" in done.stdout
