# SPDX-License-Identifier: Apache-2.0
"""The pages about the emulator agree with the program."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatedFleet, Emulator
from azure_imds_facts.emulator.assembly import assemble
from azure_imds_facts.emulator.command import add_arguments
from azure_imds_facts.emulator.control.changes import CHANGES, apply_changes
from azure_imds_facts.emulator.endpoints.attested_faults import ATTESTED_FAULTS
from azure_imds_facts.emulator.endpoints.proxy_agent import STATES
from azure_imds_facts.emulator.fleet.groups import GROUP_KEYS
from azure_imds_facts.emulator.fleet.listeners import WAYS
from azure_imds_facts.emulator.fleet.patterns import PLACEHOLDERS
from azure_imds_facts.emulator.fleet.selection import SELECTORS
from azure_imds_facts.emulator.fleet.vm import FleetVm
from azure_imds_facts.emulator.http.faults import FAULT_KINDS, FAULT_OPTIONS
from azure_imds_facts.emulator.settings.flags import read_flags
from azure_imds_facts.emulator.settings.scenario import read_scenario
from azure_imds_facts.emulator.settings.table import LIMITS, SETTINGS, Settings
from azure_imds_facts.emulator.settings.validators import ERAS
from azure_imds_facts.emulator.vm.clouds import CLOUDS
from azure_imds_facts.emulator.vm.event_plans import EVENT_OPTIONS
from azure_imds_facts.emulator.vm.events import EVENT_KINDS
from azure_imds_facts.emulator.vm.load_balancers import LOAD_BALANCERS
from azure_imds_facts.emulator.vm.profiles import PROFILES

from tests.emulator.conformance import TABLE
from tests.emulator.processes import build_environment

ROOT = Path(__file__).resolve().parents[2]
NAMES = (
    "emulator",
    "emulator-fleet",
    "emulator-containers",
    "emulator-reference",
    "emulator-behaviour",
    "emulator-assumed",
)
PAGES = {name: (ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in NAMES}
PAGE = "\n".join(PAGES.values())
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]

# What the rooms of the emulator use among themselves.
INSIDE = {(FleetVm, "assembly"), (FleetVm, "host")}
# Defaults that are described in words.
DESCRIBED_DEFAULTS = {"attested_fault", "versions", "retry_after", "proxy_agent", "load_balancer", "tenant_id", "port"}


def list_column(head: str, number: int = 0) -> list[str]:
    """The code words in one column of all tables whose first column has a head."""
    found: list[str] = []
    inside = False
    for line in [*PAGE.splitlines(), ""]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            inside = False
        elif cells[0] == head:
            inside = True
        elif inside:
            found += re.findall(r"`([^`]+)`", cells[number])
    return found


def list_blocks() -> list[tuple[str, str]]:
    """The blocks of code on the page, with their languages."""
    return re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_every_flag_is_documented_once() -> None:
    """The tables of flags are the parser's flags, with what they take."""
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    declared = {
        " ".join(filter(None, [action.option_strings[0], action.metavar if action.nargs != 0 else None]))  # type: ignore[list-item]
        for action in parser._actions
        if action.option_strings
    }
    documented = list_column("flag")
    assert set(documented) == declared
    assert len(documented) == len(declared)


def test_every_scenario_key_is_documented_once() -> None:
    """The second column of those tables contains the keys of a scenario."""
    documented = list_column("flag", 1)
    assert sorted(documented) == sorted(row.key for row in SETTINGS)


def test_every_name_is_documented() -> None:
    """Clouds with their names, machines, faults, events, changes and load balancers: no more and no less."""
    assert list_column("cloud") == list(CLOUDS)
    assert list_column("cloud", 1) == [cloud.az_environment for cloud in CLOUDS.values()]
    assert list_column("machine") == list(PROFILES)
    assert [step.partition("=")[0] for step in list_column("step")[2:]] == list(FAULT_KINDS)
    assert {step for step in list_column("step") if "=" in step} == {
        f"{kind}={'URL' if kind == 'redirect' else value}" for kind, value in FAULT_KINDS.items() if value
    }
    assert list_column("event") == list(EVENT_KINDS)
    assert list_column("change") == [
        "tag",
        "untag",
        "resize",
        "set",
        "fault",
        "throttle",
        "proxy_agent",
        "event",
        "cancel_event",
    ]
    assert set(list_column("change")) == set(CHANGES)
    assert list_column("state") == list(STATES)
    assert list_column("fault") == list(ATTESTED_FAULTS)
    assert [row[1] for row in ROWS if row[0].strip("`") in ATTESTED_FAULTS] == list(ATTESTED_FAULTS.values())
    for name in [*LOAD_BALANCERS, *ERAS, *EVENT_OPTIONS]:
        assert f"`{name}`" in PAGE
    for option in FAULT_OPTIONS:
        assert f"`:{option}=" in PAGE


def test_events_match_the_program() -> None:
    """Notice and time in state Started of each event are written in words; the duration is as it is sent."""
    units = {"minutes": 60, "seconds": 1}
    for name, notice, started, duration in (row for row in ROWS if row[0].strip("`") in EVENT_KINDS):
        kind = EVENT_KINDS[name.strip("`")]
        for cell, seconds in ((notice, kind.notice_s), (started, kind.lasts_s)):
            number, unit = cell.split(";")[0].split()
            assert int(number) * units[unit] == seconds
        assert int(duration) == kind.duration_s


def test_descriptions_of_events_match_the_program() -> None:
    """The list has each event's text, and the one of an event that a user asked for."""
    listed = " ".join(PAGES["emulator-behaviour"].partition("By default the `Description` is:")[2].split())
    for name, kind in EVENT_KINDS.items():
        own = listed.partition(f"- `{name}`: ")[2].partition(" - `")[0].partition(" |")[0]
        assert re.findall('"(.*?)"', own) == [text for text in (kind.description, kind.by_user) if text], name


def read_words(words: str) -> Settings:
    """The settings of flags as a shell reads them."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_flags(parser.parse_args(shlex.split(words, comments=True)))


def list_commands(text: str) -> list[str]:
    """The flags of each `emulate` in a text, without the command behind them."""
    lines = (line.strip().partition("azure-imds-facts emulate ") for line in text.splitlines())
    return [flags.removesuffix("&").partition(" -- ")[0] for before, name, flags in lines if name and not before]


def test_the_examples_of_flags_are_read() -> None:
    """What the how-to adds to test something, and the commands of pages and help, are flags of which a machine can be made."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    added = [row[1].strip("`") for row in ROWS if len(row) == 2 and row[1].startswith("`--")]
    shown = [words for language, text in list_blocks() if language == "sh" for words in list_commands(text)]
    helped = list_commands(parser.epilog or "")
    assert [len(each) for each in (added, shown, helped)] == [7, 11, 4]
    for words in (*added, *shown, *helped):
        if "--fleet fleet.yaml" not in words:  # another test reads that file
            assemble(read_words(words))


def test_the_changes_that_the_page_shows_are_applied() -> None:
    """What the how-to sends to a running emulator is taken, and is in the state after it."""
    block = next(text for language, text in list_blocks() if "curl --unix-socket" in text)
    assembly = assemble(read_words(""))
    state: dict[str, Any] = {}
    for change in re.findall(r"(?:--change|-d) '(.*)'", block):
        state = apply_changes(assembly, json.loads(change))
    compute = state["document"]["compute"]
    assert (compute["vmSize"], {"name": "env", "value": "prod"} in compute["tagsList"]) == ("Standard_D4s_v5", True)


def test_the_example_of_a_scenario_is_read(tmp_path: Path) -> None:
    """The page's scenario is what these flags say."""
    path = tmp_path / "scenario.yaml"
    path.write_text(next(text for language, text in list_blocks() if language == "yaml" and text.startswith("vm:")))
    flags = "--vm spot --tag env=test --rate-limit 5 --fault /metadata/identity=500*2 --event Preempt:after=1m"
    assert Settings(**read_scenario(str(path))) == read_words(flags)


def test_every_option_of_an_event_is_documented(tmp_path: Path) -> None:
    """The table of options is the program's, and a scenario takes what a flag does, in a mapping."""
    assert list_column("option") == list(EVENT_OPTIONS)
    path = tmp_path / "scenario.yaml"
    path.write_text("events: [{type: Reboot, after: 2h, source: User, resources: [web-01, web-02]}]")
    flags = read_words("--event Reboot:after=2h:source=User:resources=web-01+web-02")
    assert read_scenario(str(path))["events"] == flags.events


def test_versions_of_clouds_match_the_program() -> None:
    """The last version of each cloud is documented unless it is the newest."""
    for name, _, cell in (row for row in ROWS if row[0].strip("`") in CLOUDS):
        versions = CLOUDS[name.strip("`")].versions
        assert cell.startswith("all 35" if len(versions) == 35 else f"up to {versions[-1]}")


def test_every_assumption_is_listed() -> None:
    """Each row of the conformance table that is marked A is in the list of what is assumed, and no other."""
    (block,) = (text for language, text in list_blocks() if language == "text")
    listed, status = set(), ""
    for line in block.splitlines():
        if line.isdigit():
            status = line
        else:
            method, target = re.match(r"  (?:(POST|PUT) )?(/\S+)", line).groups()  # type: ignore[union-attr]
            listed.add((method or "GET", target, int(status)))
    assert listed == {(row.method, row.target, row.status) for row in TABLE if row.mark == "A"}


@pytest.mark.parametrize("documented", [Emulator, EmulatedFleet, FleetVm])
def test_every_member_is_documented(documented: type) -> None:
    """The page names every public member of the context managers, and of a fleet's VMs."""
    for name in dir(documented):
        if not name.startswith("_") and (documented, name) not in INSIDE:
            assert re.search(rf"`{name}(\(\))?`", PAGE), name


def test_every_key_of_a_fleet_is_documented() -> None:
    """Keys of a group, placeholders, selectors, and ways to tell VMs apart."""
    assert list_column("key") == list(GROUP_KEYS)
    (patterns,) = re.findall(r"^Patterns may hold (.*?)\n\n", PAGE, re.DOTALL | re.MULTILINE)
    assert set(re.findall(r"`\{(\w+)\}`", patterns)) == set(PLACEHOLDERS)
    assert re.findall(r"^- `(\w+)`: ", PAGES["emulator-reference"], re.MULTILINE) == list(SELECTORS)
    (cell,) = (row[2] for row in ROWS if row[0] == "`--fleet-by WAY`")
    assert re.findall("`([^`]+)`", cell) == list(WAYS)


def test_the_example_of_a_fleet_is_read(tmp_path: Path) -> None:
    """The page's file is a fleet of a thousand VMs, and the changes that it shows are ones."""
    path = tmp_path / "fleet.yaml"
    path.write_text(next(text for language, text in list_blocks() if language == "yaml" and "fleet:" in text))
    fleet = EmulatedFleet(str(path))
    assert len(fleet) == 1000
    shown = next(text for _language, text in list_blocks() if "--fleet fleet.yaml" in text)
    changes = [json.loads(line) for line in re.findall("--change '(.*)'", shown)]
    assert [len(fleet.change(change)["vms"]) for change in changes] == [1, 333, 400]


def test_the_example_of_the_fixture_runs(tmp_path: Path) -> None:
    """The test that the page shows passes, beside an inventory that it is about."""
    shown = next(text for language, text in list_blocks() if language == "python" and "azure_imds_fleet" in text)
    (tmp_path / "test_mine.py").write_text(MY_INVENTORY + shown)
    words = [sys.executable, "-m", "pytest", "-q", "-p", "azure_imds_facts.emulator.pytest_plugin", "--noconftest"]
    done = subprocess.run(
        [*words, "-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)],
        env={**build_environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "no_proxy": "*"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


MY_INVENTORY = """
import json, types, urllib.error, urllib.request

class my_inventory:
    def read(urls):
        failed = []
        for number, url in enumerate(urls):
            asked = urllib.request.Request(url + "/metadata/instance?api-version=2021-02-01", headers={"Metadata": "true"})
            try:
                json.load(urllib.request.urlopen(asked))
            except urllib.error.HTTPError:
                failed.append(f"web-{number:02}")
        return types.SimpleNamespace(failed=failed)

"""


def test_every_limit_is_documented() -> None:
    """The change `throttle` lists the limits."""
    (cell,) = (row[1] for row in ROWS if row[0] == "`throttle`")
    assert re.findall(r"`([^`]+)`", cell) == list(LIMITS)


def test_defaults_match_the_program() -> None:
    """A default that the table of flags names is that of the table of settings."""
    defaults = {f"`{row.flag} {row.metavar}`": row.default for row in SETTINGS if row.name not in DESCRIBED_DEFAULTS}
    named = {row[0]: row[2].replace("`", "") for row in ROWS if row[0] in defaults and "default " in row[2]}
    assert len(named) >= 7
    for flag, text in named.items():
        assert f"default {defaults[flag].removesuffix('s')}" in text.replace(" h", "h"), flag
