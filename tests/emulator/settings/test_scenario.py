# SPDX-License-Identifier: Apache-2.0
"""Scenario files: all settings, and errors with their location."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator, EmulatorError
from azure_imds_facts.emulator.assembly import assemble
from azure_imds_facts.emulator.settings.arguments import build_settings
from azure_imds_facts.emulator.settings.scenario import read_scenario
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulator.client import get_instance, send_request
from tests.emulator.processes import run_command
from tests.emulator.strange import CHANGES, EVENT, EVENT_TEXT, VALUE, check_answers, check_refusal, dump

pytest.importorskip("yaml", reason="PyYAML is not installed")

SCENARIO_VALUE = CHANGES.flatmap(lambda changes: st.sampled_from([*changes.values(), 60])) | st.lists(
    EVENT | EVENT_TEXT | VALUE, max_size=3
)

FULL = """
cloud: government
vm: [windows, spot]
set:
  compute.zone: 2
  network.interface[1].macAddress: 000D3AFFFFFF
tags: {Cost Center: 42, env: on}
versions: [2019-06-01, 2021-02-01]
era: 2019
rate_limit: 0
retry_after: 2s
faults:
  /metadata/versions: 503*2
load_balancer:
  publicIpAddresses: [{frontendIpAddress: 203.0.113.9, privateIpAddress: 10.1.0.4}]
  inboundRules: [{frontendPort: 80}]
identities: [system, deploy]
tenant_id: 11111111-2222-3333-4444-555555555555
token_lifetime: 1h
events:
  - Freeze:notice=5m
  - {type: Reboot, source: User, resources: [a, b]}
event_clock: 2
events_delay: 0s
"""


def test_a_scenario_contains_every_setting(tmp_path: Path) -> None:
    """Every setting takes effect."""
    path = tmp_path / "scenario.yaml"
    path.write_text(FULL)
    with Emulator(scenario=path) as emulator:
        document = get_instance(emulator.url, version="2021-02-01").json
        assert document["compute"]["azEnvironment"] == "AzureUSGovernmentCloud"
        assert (document["compute"]["osType"], document["compute"]["priority"]) == ("Windows", "Spot")
        assert document["compute"]["zone"] == "2"
        assert document["compute"]["tags"] == "env:on;role:files;Cost Center:42"
        assert document["network"]["interface"][1]["macAddress"] == "000D3AFFFFFF"
        assert [send_request(emulator.url, "/metadata/versions").status for _ in range(3)] == [503, 503, 200]
        wrong = get_instance(emulator.url, version="2017-04-02").json
        assert wrong["error"].startswith("Not found. Invalid version")
        assert get_instance(emulator.url, version="1").json["newest-versions"] == ["2021-02-01", "2019-06-01"]
        balancer = send_request(emulator.url, "/metadata/loadbalancer?api-version=2021-02-01").json["loadbalancer"]
        assert balancer["inboundRules"] == [{"frontendPort": 80}]
        assert [identity.name for identity in emulator.identities] == ["system", "deploy"]
        events = send_request(emulator.url, "/metadata/scheduledevents?api-version=2020-07-01").json["Events"]
        assert [(e["EventType"], e["Resources"]) for e in events] == [
            ("Freeze", ["win-01"]),
            ("Reboot", ["a", "b"]),
        ]


def test_files_are_relative_to_the_scenario(tmp_path: Path) -> None:
    """Documents are found relative to the scenario; inline documents work too, raw ones unchanged."""
    (tmp_path / "vm.json").write_text(json.dumps({"compute": {"name": "mine"}}))
    (tmp_path / "a.yaml").write_text("document: vm.json")
    (tmp_path / "b.yaml").write_text("document: {compute: {name: inline, platformFaultDomain: 1}}")
    (tmp_path / "c.yaml").write_text("raw: true\ndocument: {compute: {odd: [x]}}")
    read = {}
    for name in "abc":
        with Emulator(scenario=tmp_path / f"{name}.yaml") as emulator:
            read[name] = get_instance(emulator.url).json
    assert read["a"]["compute"]["name"] == "mine"
    assert (read["b"]["compute"]["name"], read["b"]["compute"]["platformFaultDomain"]) == ("inline", "1")
    assert read["c"] == {"compute": {"odd": ["x"]}}


# Nine lists of nine references each to the one before: a third of a milliard values.
ALIASES = "a: &a [1]\n" + "".join(
    f"{now}: &{now} [{', '.join(['*' + last] * 9)}]\n" for last, now in zip("abcdefghi", "bcdefghij")
)
INVALID_SCENARIOS = [
    ("cluod: public", "1:1: unknown key 'cluod'; did you mean cloud?"),
    ("cloud: mars", "1:8: unknown cloud 'mars'; allowed: public, government"),
    ("rate_limit: 1\nvm: [linux, toaster]", "2:13: unknown machine 'toaster'; allowed: linux, windows"),
    ("port: 99999", "1:7: invalid port '99999'; allowed: 0 to 65535"),
    ("raw: maybe", "1:6: expected true or false, not 'maybe'"),
    ("rate_limit: fast", "1:13: expected a number of 0 or more, not 'fast'"),
    ("retry_after: soon", "1:14: invalid duration 'soon'"),
    ("era: 1999", "1:6: unknown era '1999'; allowed: now, 2019, 2017"),
    ("versions: [latest]", "1:12: invalid api-version 'latest'; expected a date"),
    (
        "set: {compute.zome: 1}",
        "1:7: compute.zome: no field 'zome' in compute (--keep-unknown serves it); did you mean zone?",
    ),
    ("set: [1]", "1:6: expected a mapping"),
    ("tags: {a: [1]}", "1:11: expected a single value"),
    ("tags: {a: 1, a: 2}", "1:14: duplicate key 'a'"),
    ("faults: explode", "1:9: fault 'explode': unknown kind"),
    ("faults: {/metadata: 5}", "1:21: fault '5': unknown kind"),
    ("load_balancer: basic", "1:16: unknown load balancer 'basic'; allowed: standard, gateway"),
    ("events: [Explode]", "1:10: unknown event 'Explode'; allowed: Freeze"),
    ("events: [{source: User}]", "1:10: an event needs a type"),
    ("events: [{type: Reboot, when: 1}]", "1:10: event Reboot: unknown option 'when'; allowed: after"),
    ("document: {compute: {plan: x}}", "1:11: document: compute.plan: expected object"),
    ("document: nowhere.json", "nowhere.json: no such file or directory"),
    ("events: [{type: Reboot, notice: 1e400}]", "1:10: event Reboot: notice: invalid duration '1e400'; allowed: a"),
    ("events: [{type: Reboot, lasts: 9999999h}]", "1:10: event Reboot: lasts: invalid duration 35999996400.0; allowed"),
    ("events: [{type: Reboot, resources: [[1]]}]", "1:10: event Reboot: resources: expected names joined with +"),
    ("events: [{type: Reboot, duration: .nan}]", "1:10: event Reboot: duration: '.nan' is not a whole number from -1"),
    ("token_lifetime: 99999999999h", "1:17: invalid duration"),
    ("a: &a [*a]", ": nested too deeply; allowed: 32 levels"),
    ("[" * 300 + "]" * 300, ": nested too deeply; allowed: 32 levels"),
    (ALIASES, ": too large; allowed: 20000 values, those of aliases included"),
    ("a: [", "2:1: not YAML"),
    ("- a", "1:1: expected a mapping"),
]


@pytest.mark.parametrize(("text", "message"), INVALID_SCENARIOS)
def test_an_invalid_scenario_is_one_line_with_its_location(tmp_path: Path, text: str, message: str) -> None:
    """An invalid scenario is rejected with file, line, column and the allowed values."""
    path = tmp_path / "scenario.yaml"
    path.write_text(text + "\n")
    with pytest.raises(EmulatorError) as caught:
        read_scenario(str(path))
    assert str(caught.value).startswith(f"{tmp_path}/")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["events", "set", "tags", "faults", "event_clock"]), SCENARIO_VALUE, max_size=3))
def test_strange_scenarios(values: dict[str, Any]) -> None:
    """Whatever a scenario says, it is refused in one line that begins with the file, or every endpoint answers."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scenario.yaml"
        path.write_bytes(dump(values))  # what JSON has, YAML has
        try:
            assembly = assemble(build_settings({"scenario": path}))
        except EmulatorError as error:
            check_refusal(str(error))
            return
        check_answers(assembly)


def test_the_command_reports_it_in_one_line(tmp_path: Path) -> None:
    """The command ends with 2, one line on standard error and nothing on standard output."""
    path = tmp_path / "scenario.yaml"
    path.write_text("cluod: public\n")
    result = run_command("--scenario", str(path))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(f"azure-imds-facts emulate: {path}:1:1: unknown key 'cluod'; did you mean cloud?")
    assert len(result.stderr.splitlines()) == 1


def test_an_empty_scenario_changes_nothing(tmp_path: Path) -> None:
    """A file with only a comment leaves every default as it is."""
    path = tmp_path / "scenario.yaml"
    path.write_text("# nothing\n")
    assert read_scenario(str(path)) == {}
