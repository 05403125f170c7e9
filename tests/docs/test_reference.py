# SPDX-License-Identifier: Apache-2.0
"""docs/reference.md and the program say the same."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure_imds_facts.cli import COMMANDS
from azure_imds_facts.commands.collection import FLAGS
from azure_imds_facts.commands.export import EXPORTS
from azure_imds_facts.core import document, errors, settings
from azure_imds_facts.core.extra_categories import summarize_events
from azure_imds_facts.core.facts import Snapshot, build_facts
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.spelling import spell_ansible

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
PLUGINS = ROOT / "collections/ansible_collections/azure_imds/facts/plugins"


def _section(title: str) -> str:
    return REFERENCE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _rows(text: str) -> Iterator[list[str]]:
    """Yield the cells of every table row, heads and rulers included."""
    for line in text.splitlines():
        if line.startswith("|"):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def _names(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.fixture(name="everything")
def _everything() -> Snapshot:
    """A snapshot with every category gathered."""
    return Snapshot(
        document={"compute": {"name": "web-01", "vmSize": "Standard_D2s_v3"}, "network": {"interface": []}},
        source="imds",
        endpoint=settings.DEFAULT_ENDPOINT,
        api_version="2025-04-07",
        fetched_at="2026-01-01T00:00:00Z",
        gather=dict.fromkeys(settings.CATEGORIES, True),
        extra={
            "loadBalancer": {},
            "scheduledEvents": summarize_events({"DocumentIncarnation": 1, "Events": []}, "web-01"),
            "identity": {"tenantId": "5f0c"},
        },
        failures={},
    )


def test_settings_table_names_every_setting_once() -> None:
    """Setting, environment variable, flag and Ansible option stand in one row, for each setting that there is."""
    rows = [row for row in _rows(_section("Settings")) if row[0].startswith("`")]
    expected = [
        [
            [name],
            [f"AZURE_IMDS_{name.upper()}"],
            [f"--{name.replace('_', '-')}"],
            ["gather_subset" if name == "gather" else name],
        ]
        for name, _metavar, _help in FLAGS
    ]
    assert [[_names(cell) for cell in row[:4]] for row in rows] == expected


def test_settings_table_names_every_value() -> None:
    """Categories and sensitive names that a user may write are all listed."""
    text = _section("Settings")
    for name in (*settings.CATEGORIES[3:], "all", *document.SENSITIVE, settings.DISABLED, settings.DEFAULT_ENDPOINT):
        assert f"`{name}`" in text
    assert f"`{','.join(settings.DEFAULT_GATHER)}`" in text


def test_outcomes_table_is_the_error_tree() -> None:
    """Every outcome stands in the table with its exit code."""
    told = {_names(row[0])[0]: int(row[2]) for row in _rows(_section("Outcomes")) if row[0].startswith("`")}
    classes = errors.ImdsError.__subclasses__()
    assert told == {"ok": 0, **{cls.outcome: cls.exit_code for cls in classes}}


@pytest.mark.parametrize("row", [row for row in _rows(_section("Facts")) if row[0].startswith("`compute.")])
def test_paths_are_spelled_as_the_table_says(row: list[str], everything: Snapshot) -> None:
    """The spellings in the first table come out of the program for these very paths."""
    path = _names(row[0])[0].split(".")
    section: dict[str, Any] = {path[-1]: "value"}
    for part in reversed(path[1:-1]):
        section = {part: section}
    everything.document["compute"] = section
    facts = build_facts(everything, reporter=Reporter())
    assert spell_ansible(facts, reporter=Reporter())[_names(row[1])[0]] == "value"
    assert _names(row[3]) == ["azure_imds:" + ":".join(path)]


def test_categories_table_names_every_fact_of_ours(everything: Snapshot) -> None:
    """The facts that this project makes itself, beside IMDS's own fields, are all named with their category."""
    told = {_names(row[0])[0]: row[1] for row in _rows(_section("Facts")) if row[0].startswith("`") and len(row) == 2}
    facts = build_facts(everything, reporter=Reporter())
    assert set(told) == set(facts)
    for category in ("network", "snapshot", "scheduledEvents", "identity"):
        assert {f"`{name}`" for name in facts[category]} <= set(re.findall(r"`[^`]+`", told[category])), category


def load_module_base() -> dict[str, Any]:
    """Return what the modules share, with the core by the name that the tests know it by."""
    source = (PLUGINS / "module_utils/module_base.py").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    exec(compile(source.replace("from .imds import", "from azure_imds_facts.core import"), "base", "exec"), names)
    return names


@pytest.mark.parametrize(
    "module", ["azure_imds_facts", "azure_imds_info", "azure_imds_event_approve", "azure_imds_attested"]
)
def test_module_documentation_has_every_option(module: str) -> None:
    """A module's documentation and its arguments have the same options, types and choices."""
    documentation = yaml.safe_load((PLUGINS / f"modules/{module}.yml").read_text(encoding="utf-8"))["DOCUMENTATION"]
    assert documentation["extends_documentation_fragment"] == ["azure_imds.facts.settings"]
    # Not imported: the tests know the core by its other name.
    fragment = runpy.run_path(str(PLUGINS / "doc_fragments/settings.py"))["ModuleDocFragment"]
    shared = yaml.safe_load(fragment.DOCUMENTATION)["options"]
    own = documentation.get("options", {})
    arguments = load_module_base()["build_arguments"]()
    if module == "azure_imds_event_approve":
        arguments.update(event_id={"type": "str", "required": True}, approve_shared={"type": "bool", "default": False})
    if module == "azure_imds_attested":
        arguments["nonce"] = {"type": "str"}
    for name in {**shared, **own}:
        option = {**shared.get(name, {}), **own.get(name, {})}
        assert option["description"], name
        assert {key: option[key] for key in option if key != "description"} == arguments.pop(name), name
    assert not arguments


def _options(command: str) -> set[str]:
    """The long flags that a command's help lists."""
    asked = subprocess.run(
        [sys.executable, "-m", "azure_imds_facts", command, "--help"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "facts")},
        capture_output=True,
        check=True,
        text=True,
    )
    return set(re.findall(r"(?m)^ +(?:-\w, )?(--[a-z-]+)", asked.stdout))


@pytest.mark.parametrize(
    "command", ["facts", "show", "get", "local-facts", "events", "attest", "enrol", "verify", "doctor"]
)
def test_commands_table_names_every_flag(command: str) -> None:
    """A flag is a setting, or common to all, or stands in its command's row."""
    row = next(row[1] for row in _rows(_section("Commands")) if row[0] == f"`{command}`")
    common = {"--help", "--verbose", *(f"--{name.replace('_', '-')}" for name, _metavar, _help in FLAGS)}
    assert _options(command) - common == set(re.findall(r"`(--[a-z-]+)`", row))


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_table_says_which_settings_are_flags(command: str) -> None:
    """The last column is right: all settings, all but some, or none."""
    row = next(row[2] for row in _rows(_section("Commands")) if row[0] == f"`{command}`")
    settings_flags = {f"--{name.replace('_', '-')}" for name, _metavar, _help in FLAGS}
    named = set(re.findall(r"`(--[a-z-]+)`", row))
    assert row.startswith("none") or row == "all" or (row.startswith("all but ") and named)
    assert _options(command) & settings_flags == (set() if row.startswith("none") else settings_flags - named)


def test_commands_table_is_complete() -> None:
    """Every command of the program has a row, and there is no other."""
    assert [_names(row[0])[0] for row in _rows(_section("Commands")) if row[0].startswith("`")] == list(COMMANDS)


def test_export_row_is_complete() -> None:
    """Everything that can be exported stands in the row."""
    row = next(row[1] for row in _rows(_section("Commands")) if row[0] == "`export`")
    assert set(_names(row)) == set(EXPORTS)


def test_sensitive_fields_are_named() -> None:
    """Every field that is left out stands in the reference by Azure's own name, beside what reveals it."""
    text = _section("Safety").partition("\n### Sensitive fields\n")[2].partition("\n\nTo read")[0]
    told = {_names(row[0])[0]: _names(row[1].lower()) for row in list(_rows(text))[2:]}
    assert told == {name: list(fields) for name, fields in document.SENSITIVE.items()}
