# SPDX-License-Identifier: Apache-2.0
"""The pages about events and the systemd units, held against the program."""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.boot import read_template
from azure_imds_facts.commands import event_flags
from azure_imds_facts.commands import events as command
from azure_imds_facts.commands.export_systemd import TREE, build_tree
from azure_imds_facts.core.events import metrics, socket_records, socket_service
from azure_imds_facts.core.events.model import KINDS, changes, parse_timeline
from azure_imds_facts.core.events.spelling import build_environment, spell_change, spell_event
from azure_imds_facts.core.events.state_path import ROOTS_STATE
from azure_imds_facts.core.events.unit_flags import parse_unit_flags

from tests.support.events import document, raw_event

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("events", "events-reference", "events-service")
TEXT = "\n".join((ROOT / f"docs/{page}.md").read_text(encoding="utf-8") for page in PAGES)
# A sentence may go on in the next line of the page.
PROSE = " ".join(TEXT.split())
UNIT = "azure-imds-events.service"
UNITS = (UNIT, "azure-imds-event.socket", "azure-imds-event@.service")


def build_parser() -> argparse.ArgumentParser:
    """The command's own parser."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser


def first_cells(header: str) -> set[str]:
    """The names in the first column of the table with this header."""
    rows = TEXT.partition(header)[2].partition("\n\n")[0].splitlines()[2:]
    return {name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])}


def test_fields_kinds_and_variables_are_the_program_s() -> None:
    """Tables and lists of the page are complete, and hold nothing else."""
    (change,) = changes(None, parse_timeline(document(raw_event())))
    assert first_cells("| field | says |") == set(spell_event(change.event, now_s=0, vm_name=None))
    assert first_cells("| `change` | when |") == set(KINDS)
    variables = set(build_environment(spell_change(change, now_s=0, vm_name=None)))
    assert set(re.findall(r"AZURE_IMDS_EVENT_[A-Z_]*[A-Z]", TEXT)) == variables
    text = command.__doc__ or ""
    assert all(name.rpartition("EVENT_")[2] in text for name in variables)


def test_flags_are_the_program_s() -> None:
    """Every flag on the page is one, and those of this command's own are all there or in the reference."""
    known = {flag for action in build_parser()._actions for flag in action.option_strings}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT))
    emulator = {"--port", "--event"}
    systemctl = {"--now"}
    drain = {"--wait"}
    assert named - emulator - systemctl - drain <= known
    assert named >= {"--watch", "--approve", "--exec", "--approve-on-success", "--exec-timeout", "--state", "--all"}
    assert named >= {"--types", "--approve-user", "--approve-freeze-below", "--approve-shared", "--dry-run", "--status"}


def test_metrics_are_the_program_s() -> None:
    """The table has every metric."""
    assert first_cells("| metric | says |") == {f"azure_imds_events_{name}" for name in metrics._FAMILIES}


def test_figures_are_the_program_s() -> None:
    """The page's seconds and the path of the state are those of the code."""
    from azure_imds_facts.core.events import runner, told, watch, watch_options  # noqa: PLC0415

    assert f"over {watch_options.COMMAND_S:g} seconds" in PROSE
    assert f"({watch_options.COMMAND_S:g})" in build_parser().format_help()
    assert f"up to {watch._LONGEST_WAIT_S:g} seconds" in PROSE
    assert runner._MOST_AT_ONCE == 8
    assert "beside each other, at most eight" in PROSE
    assert runner._MOST_WAITING == 64
    assert "64 commands wait" in PROSE
    assert f"{told.MOST_FOLLOWED:,} events are followed" in PROSE
    assert runner._GRACE_S == 5
    assert f"`{ROOTS_STATE}`" in PROSE


def read_flags(unit: str, variable: str) -> list[str]:
    """The words that an exported unit starts the program with, after `events`, but for the variable at their end."""
    content = build_tree("/opt/x/bin/azure-imds-facts")[f"etc/systemd/system/{unit}"]
    line = next(line for line in content.splitlines() if line.startswith("ExecStart="))
    program, name, *flags = line.partition("=")[2].split()
    assert (program, name, flags[-1]) == ("/opt/x/bin/azure-imds-facts", "events", f"${variable}")
    assert f"`{variable}`" in PROSE
    return flags[:-1]


def test_the_units_run_what_the_page_says() -> None:
    """Exported, not enabled, without effect where the command is missing; their flags are the program's, and the role's."""
    content = build_tree("/opt/x/bin/azure-imds-facts")
    assert {f"etc/systemd/system/{unit}" for unit in UNITS} <= set(TREE)
    watcher, socket, _service = (content[f"etc/systemd/system/{unit}"] for unit in UNITS)
    flags, taking = read_flags(UNIT, "WATCH_OPTIONS"), read_flags(UNITS[2], "COMMAND_OPTIONS")
    watching, taken = build_parser().parse_args(flags), build_parser().parse_args(taking)
    event_flags.check_flags(watching)
    event_flags.check_flags(taken)
    assert f"ConditionFileIsExecutable={taken.take_over}\n" in watcher
    assert f"ListenStream={watching.hand_over}\n" in socket
    assert all(f"`{path}" in PROSE for path in (taken.take_over, watching.state))
    assert f"`events --watch --hand-over {watching.hand_over}`" in PROSE
    assert f"`events --take-over {taken.take_over}`" in PROSE
    assert parse_unit_flags(flags).watch == event_flags.read_options(watching)
    assert parse_unit_flags(taking).take_over == taken.take_over
    assert f"at most {socket_records._MOST:,} events, {socket_records._LONGEST // 1024} KiB each" in PROSE
    assert f"the exit code is {socket_service.TIMED_OUT} then" in PROSE
    assert f"`{socket_service.RECORDS}`" in PROSE


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing: apt-get install systemd"
)
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about them, and rates the exposure of the watch as the page says."""
    for unit in UNITS:
        (tmp_path / unit).write_text(read_template(unit).replace("@PROGRAM@", sys.executable))
    units = [str(tmp_path / unit) for unit in UNITS]
    done = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    said = [line for line in (done.stdout + done.stderr).splitlines() if "azure-imds" in line]
    assert (done.returncode, said) == (0, [])
    words = ["systemd-analyze", "security", "--offline=true", "--no-pager", units[0]]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    exposure = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert exposure, done.stderr
    print(f"exposure {exposure[1]}")
    assert float(exposure[1]) < 2.5


def test_the_page_s_script_is_one(tmp_path: Path) -> None:
    """The example of a command is a script that the shell takes, for each kind of change."""
    script = next(block for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) if block.startswith("#!/bin/sh"))
    path = tmp_path / "on-event"
    path.write_text('systemctl() { echo "$@"; }\n' + script)
    said = {}
    for kind in KINDS:
        environment = {"AZURE_IMDS_EVENT_CHANGE": kind, "AZURE_IMDS_EVENT_TYPE": "Reboot"}
        done = subprocess.run(["/bin/sh", str(path)], env=environment, capture_output=True, text=True, check=True)
        said[kind] = done.stdout.strip()
    assert said == {
        "scheduled": "stop my-service",
        "updated": "",
        "started": "",
        "completed": "start my-service",
        "cancelled": "start my-service",
    }
