# SPDX-License-Identifier: Apache-2.0
"""The page about Event-Driven Ansible: what it shows is what the collection has, and its rulebook drains."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure_imds_facts.core.events.client import EventClient
from azure_imds_facts.core.events.model import KINDS
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.eda.rulebooks import MARK, find_missing, running_rulebook

TEXT = (CHECKOUT / "docs/event-driven.md").read_text(encoding="utf-8")
EXAMPLES = CHECKOUT / "examples/maintenance"
COLLECTION = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
SOURCE = COLLECTION / "extensions/eda/plugins/event_source/scheduled_events.py"


def find_block(name: str) -> str:
    """Return the block whose first line is a comment that ends with this file's name."""
    (block,) = (text for text in re.findall(r"```\w+\n(.*?)```", TEXT, re.DOTALL) if f"{name}\n" in text[:60])
    return str(block)


def read_rulebook() -> dict[str, Any]:
    """Return the rule set that the page shows."""
    (ruleset,) = yaml.safe_load(find_block("rulebook.yml"))
    return dict(ruleset)


def test_conditions() -> None:
    """Its rulebook chooses by keys that an event has, and hands on no text that a server can choose."""
    described = set(re.findall(r"C\((\w+)\)", SOURCE.read_text(encoding="utf-8")))
    (rule,) = read_rulebook()["rules"]
    assert set(re.findall(r"event\.(\w+)", rule["condition"])) <= described
    assert set(re.findall(r'change == "(\w+)"', rule["condition"])) <= set(KINDS)
    assert set(re.findall(r"event\.(\w+)", str(rule["action"]))) == {"event_id"}
    assert read_rulebook()["sources"] == [{"azure_imds.facts.scheduled_events": None}]


def test_service() -> None:
    """Its unit runs files of the example, by the programs that it installs."""
    unit = find_block("maintenance.service")
    commands = re.findall(r"^Exec\w+=(.*)$", unit, re.MULTILINE)
    folder = re.search(r"-m venv (\S+)", TEXT)
    assert folder
    # Absolute, since systemd does not look for them on the unit's PATH.
    programs = [f"{folder[1]}/bin/{name}" for name in ("ansible-playbook", "ansible-rulebook")]
    assert [command.split()[0] for command in commands] == programs
    copied = re.search(r"(?m)^cp (.*) /etc/maintenance$", TEXT)
    assert copied
    files = copied[1].split()
    assert all((EXAMPLES / file).is_file() for file in files)
    assert {file for command in commands for file in re.findall(r"\S+\.yml", command)} <= set(files)
    plays = re.findall(r"name: (\S+\.yml)", (EXAMPLES / "rulebook.yml").read_text(encoding="utf-8"))
    assert plays
    assert set(plays) <= set(files)
    assert f"Environment=PATH={folder[1]}/bin:" in unit


def test_versions() -> None:
    """It names the versions that the tests run."""
    locked = (CHECKOUT / "requirements/rulebook.in").read_text(encoding="utf-8")
    for name in ("ansible-rulebook", "ansible-core"):
        version = re.search(rf"^{name}==([\d.]+\d)", locked, re.MULTILINE)
        assert version
        assert re.search(rf"{name}\s{re.escape(version[1])}\b", TEXT)


def test_environment() -> None:
    """What sets ansible-rulebook up leaves the mark by which the tests find it; without it they would all be skipped."""
    assert f'touch "$1/{MARK}"' in (CHECKOUT / "scripts/environments.sh").read_text(encoding="utf-8")


@pytest.mark.skipif(bool(find_missing()), reason=find_missing())
def test_rulebook(tmp_path: Path) -> None:
    """Its rulebook and its inventory, as they stand there, drain for a reboot and leave a redeployment alone."""
    mark = tmp_path / "drained"
    inventory = find_block("inventory.yml")
    assert "/tmp/drained" in inventory
    (tmp_path / "inventory.yml").write_text(inventory.replace("/tmp/drained", str(mark)), encoding="utf-8")
    (tmp_path / "rulebook.yml").write_text(find_block("rulebook.yml"), encoding="utf-8")
    with Emulator(rate_limit=0) as imds, running_rulebook("rulebook.yml", tmp_path, endpoint=imds.url) as program:
        client = EventClient(imds.url, HttpTransport)
        other, reboot = imds.event("Redeploy"), imds.event("Reboot")

        def is_approved() -> bool:
            return any(one.event_id == reboot and one.is_started for one in client.fetch_timeline().events)

        program.wait_until(is_approved, timeout_s=120)
        assert mark.exists()
        assert {one.event_id for one in client.fetch_timeline().events if not one.is_started} == {other}
