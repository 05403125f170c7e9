# SPDX-License-Identifier: Apache-2.0
"""docs/windows.md and the program say the same. What its play does on Windows was not tried."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml
from azure_imds_facts.cli import COMMANDS, fill_parser
from azure_imds_facts.commands import event_flags, export
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.windows import facts_folder
from azure_imds_facts.core.windows.host import AGENT_DIR

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/windows.md").read_text(encoding="utf-8")
PROMISE = (
    "The Python command line, the library and the Salt grain are tested with Windows CPython under Wine, not on Windows. "
    "ACLs, services, WMI and Salt's core grains are not covered."
)
PLAY: list[dict[str, Any]] = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0])


def _task(module: str) -> Any:
    (found,) = [task[module] for task in PLAY[0]["tasks"] if module in task]
    return found


@pytest.mark.parametrize("page", ["README.md", "docs/windows.md"])
def test_the_promise(page: str) -> None:
    """What is promised, and what not, is said in the same words."""
    assert PROMISE in " ".join((ROOT / page).read_text(encoding="utf-8").split())


def test_the_wheel_says_windows() -> None:
    """The wheel names Windows, beside Linux."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert "Operating System :: Microsoft :: Windows" in project["classifiers"]


def test_the_commands() -> None:
    """Every command has its row, and what it refuses is named there."""
    rows = dict(re.findall(r"^\| (`.+`) \| (.+) \|$", TEXT.partition("| command | on Windows |")[2], re.MULTILINE))
    listed = [name for cell in rows for name in re.findall(r"`([^`]+)`", cell)]
    assert sorted(listed) == sorted(COMMANDS)
    for flag in event_flags._NOT_ON_WINDOWS:
        with pytest.raises(UsageError, match="not for Windows"):
            event_flags.refuse_on_windows([flag])
        assert f"`--{flag.replace('_', '-')}`" in rows["`events`"]
    for what in export.EXPORTS:
        is_refused = f"`{what}`" in rows["`export`"].partition(". ")[2]
        assert is_refused == (what in export._NOT_ON_WINDOWS)
    with pytest.raises(UsageError, match="writes files for Linux"):
        export.refuse_on_windows("salt")


def test_the_places() -> None:
    """The folders are the program's."""
    assert f"`{AGENT_DIR}`" in TEXT
    ends = facts_folder.find_directory({"ProgramFiles": "/program files"}).partition("/program files/")[2]
    shown = ends.replace("/", "\\")
    assert f"`%ProgramFiles%\\{shown}\\azure_imds.json`" in TEXT
    folder = PLAY[0]["vars"]["folder"]
    read = _task("ansible.windows.setup")["fact_path"].replace("{{ folder }}", folder)
    assert read == f"C:\\Program Files\\{shown}"


def test_the_play() -> None:
    """It is marked as not run, and starts the program with flags that it has."""
    assert "**It was not run on Windows.**" in " ".join(TEXT.split())
    started = _task("community.windows.win_scheduled_task")["actions"][0]["arguments"]
    parser = argparse.ArgumentParser()
    fill_parser(parser, "local-facts")
    assert started.startswith('-I "{{ folder }}\\azure-imds-facts.pyz" local-facts ')
    assert parser.parse_args(started.partition(" local-facts ")[2].split()).boot
    assert _task("ansible.windows.win_command")["argv"][-1] == "local-facts"
    assert _task("ansible.windows.win_copy")["dest"] == "{{ folder }}\\azure-imds-facts.pyz"
