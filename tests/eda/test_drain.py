# SPDX-License-Identifier: Apache-2.0
"""Test the collection's playbook that drains, by real Ansible: what it approves, and what it leaves alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.events.model import Event
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.e2e.conftest import shell
from tests.e2e.shell import Shell

__all__ = ["shell"]

COLLECTION = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
PLAYBOOK = COLLECTION / "playbooks/drain.yml"
RULEBOOK = COLLECTION / "extensions/eda/rulebooks/drain.yml"
FREEZE: dict[str, Any] = {"azure_event_type": "Freeze", "azure_event_by_user": False, "azure_event_duration": 5}
BY_USER: dict[str, Any] = {"azure_event_type": "Reboot", "azure_event_by_user": True, "azure_event_duration": None}


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM of the name vm-one."""
    with Emulator() as emulator:
        emulator.set("compute.name", "vm-one")
        yield emulator


class Drain:
    """The playbook with an inventory that has localhost in it and nothing about it. One run is for one or more events."""

    def __init__(self, shell: Shell, imds: Emulator) -> None:
        self._shell = shell
        self._imds = imds

    def run(self, *options: str, resources: tuple[str, ...] = ("vm-one",), **given: Any) -> Ending:
        """Run it for a new event with these variables."""
        (ending,) = self.run_each([given], *options, resources=resources)
        return ending

    def run_each(
        self, cases: list[dict[str, Any]], *options: str, resources: tuple[str, ...] = ("vm-one",)
    ) -> list[Ending]:
        """Run it for new events, each with its own variables."""
        marks = [self._shell.folder / f"drained-{number}" for number in range(len(cases))]
        ids = [self._imds.event("Reboot", resources=list(resources)) for _case in cases]
        plays = [
            {
                "import_playbook": "azure_imds.facts.drain",
                "vars": {"azure_event_id": event_id, "azure_drain_command": ["touch", str(mark)], **case},
            }
            for event_id, mark, case in zip(ids, marks, cases)
        ]
        (self._shell.folder / "plays.yml").write_text(json.dumps(plays))
        (self._shell.folder / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"localhost": None}}}))
        words = ("ansible-playbook", "-i", "inventory.yml", "plays.yml", *options)
        self._shell.env["ANSIBLE_COLLECTIONS_PATH"] = str(CHECKOUT / "collections")
        self._shell.cwd = self._shell.folder
        done = self._shell.run(*words, AZURE_IMDS_ENDPOINT=self._imds.url)
        started = {event.event_id for event in read_events(self._imds) if event.is_started}
        return [
            Ending(mark.exists(), event_id in started, done.returncode, done.stdout + done.stderr)
            for event_id, mark in zip(ids, marks)
        ]


class Ending(NamedTuple):
    """How a run ended for an event: whether the command ran, and whether the event may start now."""

    drained: bool
    approved: bool
    code: int
    printed: str


def read_events(imds: Emulator) -> tuple[Event, ...]:
    """Return the events that IMDS lists."""
    return EventClient(imds.url, HttpTransport).fetch_timeline().events


@pytest.fixture
def drain(shell: Shell, imds: Emulator) -> Drain:
    """The playbook, for events of this VM."""
    return Drain(shell, imds)


# Variables → whether it drains, whether it approves.
POLICIES: list[tuple[dict[str, Any], bool, bool]] = [
    ({}, True, True),
    # A pause of seconds drains nothing, unless it is said so.
    (FREEZE, False, False),
    ({**FREEZE, "azure_event_types": ["freeze"]}, True, True),
    ({**FREEZE, "azure_event_types": ["all"]}, True, True),
    ({**FREEZE, "azure_approve_freeze_below": 6}, False, True),
    ({**FREEZE, "azure_approve_freeze_below": 5}, False, False),
    ({**FREEZE, "azure_event_duration": None, "azure_approve_freeze_below": 6}, False, False),
    (BY_USER, True, True),
    ({**BY_USER, "azure_approve_user": True}, True, True),
    ({**BY_USER, "azure_approve_user": True, "azure_event_types": ["Preempt"]}, False, True),
    ({**BY_USER, "azure_event_types": ["Preempt"]}, False, False),
    # By hand, where no type is given.
    ({"azure_event_types": ["Preempt"]}, True, True),
    # A type that Azure may add.
    ({"azure_event_type": "Relocate"}, True, True),
    ({"azure_dry_run": True}, False, False),
]


def test_policies(drain: Drain) -> None:
    """What the variables say is done, and nothing else, without a failure."""
    endings = drain.run_each([given for given, _drains, _approves in POLICIES])
    for (given, drains, approves), ending in zip(POLICIES, endings):
        assert (ending.drained, ending.approved, ending.code) == (drains, approves, 0), (given, ending.printed)
    assert endings[0].printed.count("dry run") == 1


def test_check_mode(drain: Drain) -> None:
    """Check mode does nothing, whatever the variable about dry runs says."""
    ending = drain.run("--check", azure_dry_run=False)
    assert ending[:3] == (False, False, 0), ending.printed


@pytest.mark.parametrize("is_waived", [False, True])
def test_failure(is_waived: bool, drain: Drain) -> None:
    """Where draining fails the event keeps its time, unless it was approved at once."""
    ending = drain.run(azure_drain_command=["false"], azure_approve_user=is_waived, **BY_USER)
    assert ending[:3] == (False, is_waived, 2), ending.printed


@pytest.mark.parametrize("is_allowed", [False, True])
def test_shared(is_allowed: bool, drain: Drain) -> None:
    """An event that names other machines is drained for, and approved only where a variable allows it."""
    given = {"azure_approve_shared": True} if is_allowed else {"azure_approve_user": True, **BY_USER}
    ending = drain.run(resources=("vm-one", "db1"), **given)
    assert ending[:3] == (True, is_allowed, 0 if is_allowed else 2), ending.printed
    assert ("other VMs too (db1)" in ending.printed) != is_allowed


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"azure_drain_command": "systemctl stop nginx"}, "has to be a list of words"),
        ({"azure_drain_command": []}, "has to be a list of words"),
        ({"azure_event_types": "Preempt"}, "has to be a list of Freeze, Reboot"),
        ({"azure_event_types": ["Restart"]}, "has to be a list of Freeze, Reboot"),
    ],
)
def test_misspelt(given: dict[str, Any], told: str, drain: Drain) -> None:
    """A variable of the wrong shape fails before anything is drained, and the message shows what is right."""
    ending = drain.run(**given)
    assert ending[:3] == (False, False, 2), ending.printed
    assert told in ending.printed
    assert "Nothing was drained or approved." in ending.printed


def test_no_command(shell: Shell, imds: Emulator) -> None:
    """Without a command it says which variables it takes."""
    done = shell.run("ansible-playbook", "azure_imds.facts.drain", AZURE_IMDS_ENDPOINT=imds.url)
    assert done.returncode == 2
    assert "Give azure_event_id, and azure_drain_command as a list" in done.stdout


def test_described() -> None:
    """The playbook's head and the documentation name each variable that is the user's, and the head the rulebook's too."""
    head, text = PLAYBOOK.read_text().split("\n- name:", 1)
    taken = set(re.findall(r"azure_[a-z_]+", text)) - {"azure_imds", "azure_imds_event_approve"}
    own = {f"azure_event_{name}" for name in ("kind", "draining", "at_once", "drains", "rehearsed", "approval")}
    assert own < taken
    assert taken - own == set(re.findall(r"azure_[a-z_]+", head)) - {"azure_imds"}
    (ruleset,) = yaml.safe_load(RULEBOOK.read_text())
    handed_on = set(ruleset["rules"][0]["action"]["run_playbook"]["extra_vars"])
    table = (
        (CHECKOUT / "docs/ansible-maintenance.md")
        .read_text()
        .partition("| variable | says |\n|---|---|\n")[2]
        .partition("\n\n")[0]
    )
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == re.findall(r"^#   (azure_\w+)  ", head, re.MULTILINE)
    assert set(re.findall(r"^\| `(\w+)`", table, re.MULTILINE)) == taken - own - handed_on
