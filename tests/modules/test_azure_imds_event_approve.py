# SPDX-License-Identifier: Apache-2.0
"""Test the module that approves a scheduled event, through real Ansible."""

from __future__ import annotations

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
    assert (done["event"]["event_status"], done["event"]["concerns_others"]) == ("Scheduled", False)
    assert (done["event_id"], done["approved"], done["already_started"]) == (event_id, True, False)
    assert status(imds) == ["Started"]
    again = shell.ansible("azure_imds_event_approve", arguments)
    assert (again["changed"], again["event"]["event_status"], again["already_started"]) == (False, "Started", True)


@pytest.mark.parametrize("resources", [["vm-one", "db1", "db2"], ["db1"]])
def test_shared(resources: list[str], shell: Shell, imds: Emulator) -> None:
    """An event that names other VMs is refused, in check mode too, until it is allowed; this VM's name is kept."""
    imds.set("compute.name", "vm-one")
    event_id = imds.event("Reboot", resources=resources)
    arguments = f"event_id={event_id} endpoint={imds.url}"
    for options in ("", " cache_ttl=3600"):
        refused = shell.ansible("azure_imds_event_approve", arguments + options)
        assert (refused["failed"], refused["outcome"]) == (True, "rejected")
        assert "it names other VMs too (db1" in refused["msg"]
        assert "Set approve_shared to true" in refused["msg"]
    assert [request.path for request in imds.requests].count("/metadata/instance") == 1
    checked = shell.run("ansible", "localhost", "--check", "-m", "azure_imds_event_approve", "-a", arguments)
    assert '"outcome": "rejected"' in checked.stdout
    assert status(imds) == ["Scheduled"]
    allowed = shell.ansible("azure_imds_event_approve", f"{arguments} approve_shared=true")
    assert (allowed["changed"], allowed["event"]["concerns_others"]) == (True, None)
    assert status(imds) == ["Started"]
    # What has started is not held up any more.
    assert shell.ansible("azure_imds_event_approve", arguments)["outcome"] == "ok"


def test_own_name_unknown(shell: Shell, imds: Emulator) -> None:
    """Where IMDS does not tell this VM's name nothing is approved, and the message says how to do without."""
    event_id = imds.event("Reboot")
    imds.fault("503*1000", path="/metadata/instance")
    arguments = f"event_id={event_id} endpoint={imds.url} timeout=2"
    failed = shell.ansible("azure_imds_event_approve", arguments)
    assert (failed["failed"], failed["outcome"]) == (True, "unavailable")
    assert "With approve_shared set to true this VM's name is not needed." in failed["msg"]
    assert status(imds) == ["Scheduled"]
    assert shell.ansible("azure_imds_event_approve", f"{arguments} approve_shared=true")["changed"] is True


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
