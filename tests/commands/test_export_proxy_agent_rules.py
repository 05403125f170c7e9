# SPDX-License-Identifier: Apache-2.0
"""Test the allow-list for the metadata proxy agent: who is in it, and that it has every path that is asked."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import azure_imds_facts.core
from azure_imds_facts.boot import read_template
from azure_imds_facts.commands.export_proxy_agent_rules import PATHS

from tests.support.command_line import Run

CORE = Path(azure_imds_facts.core.__path__[0])
# Never asked: they hand out tokens, or sign.
NOT_ASKED = {"/metadata/identity/oauth2/token"}


def export(run: Run, folder: Path, *flags: str) -> Any:
    """Export and return the rules."""
    ended = run("export", "proxy-agent-rules", *flags, str(folder))
    path = folder / "proxy-agent-rules.json"
    assert (ended.code, ended.out) == (0, f"{path}\n")
    return json.loads(path.read_text())


def test_rules_are_whole(run: Run, tmp_path: Path) -> None:
    """Every name that a rule refers to is there, once; a watch of events has its own role, with less."""
    rules = export(run, tmp_path)
    assert set(rules) == {"privileges", "roles", "identities", "roleAssignments"}
    names = {kind: [each["name"] for each in rules[kind]] for kind in ("privileges", "roles", "identities")}
    assert all(len(set(found)) == len(found) for found in names.values())
    facts, watch = rules["roles"]
    assert facts["privileges"] == names["privileges"]
    assert watch["privileges"] == ["azure-imds-instance", "azure-imds-versions", "azure-imds-scheduled-events"]
    assert [each["role"] for each in rules["roleAssignments"]] == names["roles"]
    assigned = [name for each in rules["roleAssignments"] for name in each["identities"]]
    assert sorted(assigned) == sorted(names["identities"])
    assert rules["roleAssignments"][1]["identities"] == ["azure-imds-events"]


def test_identities(run: Run, tmp_path: Path) -> None:
    """Root with each interpreter that is here, as the kernel names it, and the users that were named."""
    rules = export(run, tmp_path, "--user", "ansible", "--user", "ansible")
    by_name = {each["name"].replace("azure-imds-", ""): each for each in rules["identities"]}
    assert by_name["service"]["userName"] == "root"
    assert by_name["service"]["exePath"] == os.path.realpath(sys.executable) == os.readlink("/proc/self/exe")
    assert by_name["events"]["userName"] == "azure-imds-events"
    assert f"User={by_name['events']['userName']}\n" in read_template("azure-imds-events.service")
    assert by_name["user-ansible"]["userName"] == "ansible"
    assert by_name["user-ansible"]["exePath"] == by_name["service"]["exePath"]
    for way, place in (("ansible", "/usr/bin/python3"), ("salt", "/opt/saltstack/salt/bin/python3")):
        assert (way in by_name) == os.path.exists(place)
    assert all(os.path.realpath(each["exePath"]) == each["exePath"] for each in rules["identities"])


def test_every_path_is_there(run: Run, tmp_path: Path) -> None:
    """The paths are those that the core names, no more and no less."""
    listed = {each["path"] for each in export(run, tmp_path)["privileges"]}
    named = {path for file in CORE.rglob("*.py") for path in re.findall(r'"(/metadata/[a-z0-9/]+)"', file.read_text())}
    assert listed == set(PATHS.values()) == {path.lower() for path in named} - NOT_ASKED


def test_a_place_that_is_none(run: Run, tmp_path: Path) -> None:
    """Nothing is printed where it cannot be written."""
    (tmp_path / "file").write_text("")
    ended = run("export", "proxy-agent-rules", str(tmp_path / "file"))
    assert (ended.code, ended.out) == (2, "")


def test_an_empty_user(run: Run, tmp_path: Path) -> None:
    """It is refused, and nothing is written."""
    ended = run("export", "proxy-agent-rules", str(tmp_path), "--user", "")
    assert (ended.code, list(tmp_path.iterdir())) == (2, [])
    assert "--user names no user" in ended.err
