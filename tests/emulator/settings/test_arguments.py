# SPDX-License-Identifier: Apache-2.0
"""Keyword arguments of the context manager."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.settings.arguments import build_settings


def test_differences_to_settings() -> None:
    """One name or several for vm, one fault script, events as text, and no rate limit by default."""
    settings = build_settings({"vm": "spot", "fault": "500", "events": ["Reboot:after=1s"], "tags": [("a", "b")]})
    assert (settings.vms, settings.faults, settings.tags) == (("spot",), (("/", "500"),), (("a", "b"),))
    assert (settings.events[0].kind, settings.events[0].arguments) == ("Reboot", {"after_s": 1})
    assert settings.rate_limit == 0
    assert build_settings({"vm": ["linux", "spot"]}).vms == ("linux", "spot")


def test_documents_stay_lists() -> None:
    """Only settings that are sequences become tuples."""
    settings = build_settings({"document": [1], "raw": True, "versions": ["2021-02-01"]})
    assert (settings.document, settings.versions) == ([1], ("2021-02-01",))


def test_arguments_take_precedence_over_a_scenario(tmp_path: Path) -> None:
    """A scenario supplies the values that are not given."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "scenario.yaml"
    path.write_text("cloud: china\nera: 2019\nrate_limit: 3\n")
    settings = build_settings({"scenario": path, "cloud": "german"})
    assert (settings.cloud, settings.era, settings.rate_limit) == ("german", "2019", 3)


def test_unknown_arguments() -> None:
    """The error suggests the nearest arguments, or lists the first."""
    with pytest.raises(EmulatorError, match=r"^unknown argument 'cluod'; did you mean cloud[?]$"):
        build_settings({"cluod": "public"})
    with pytest.raises(EmulatorError, match=r"^unknown argument 'x'; allowed: cloud, vm, .* and [0-9]+ more$"):
        build_settings({"x": 1})


SCENARIO = """
set: {compute.zone: 2}
tags: {env: prod, number: 5}
versions: [2021-02-01]
rate_limit: 2.5
retry_after: 1m
faults: {/metadata/versions: 503}
load_balancer: {inboundRules: [{frontendPort: 80}]}
identities: deploy
events: [Freeze, {type: Reboot, notice: 5, resources: [a]}]
port: 8080
allow_remote: true
"""
ARGUMENTS: dict[str, Any] = {
    "set": {"compute.zone": "2"},
    "tags": {"env": "prod", "number": 5},
    "versions": ("2021-02-01",),
    "rate_limit": "2.5",
    "retry_after": "1m",
    "faults": {"/metadata/versions": "503"},
    "load_balancer": {"inboundRules": [{"frontendPort": 80}]},
    "identities": "deploy",
    "events": ("Freeze", {"type": "Reboot", "notice": 5, "resources": ["a"]}),
    "port": 8080,
    "allow_remote": True,
}


def test_arguments_are_those_of_a_scenario(tmp_path: Path) -> None:
    """An argument takes the value of its key in a file."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO)
    assert build_settings(ARGUMENTS) == build_settings({"scenario": path})


@pytest.mark.parametrize(
    ("argument", "other"),
    [
        ({"changes": [("compute.zone", "2")]}, {"set": {"compute.zone": "2"}}),
        ({"tags": {"a": "b"}.items()}, {"tags": {"a": "b"}}),
        ({"changes": iter([("compute.zone", "2")])}, {"set": {"compute.zone": "2"}}),
        ({"fault": "/x=503"}, {"faults": {"/x": "503"}}),
        ({"fault": ""}, {}),
        ({"vms": ("spot",)}, {"vm": "spot"}),
        ({"rate_limit": None, "retry_after": None, "versions": None}, {}),
        ({"retry_after": 0.1 + 0.2}, {"retry_after": 0.30000000000000004}),
        ({"control": Path("x"), "export_keys": ""}, {"control": "x"}),
    ],
)
def test_other_forms_of_arguments(argument: dict[str, Any], other: dict[str, Any]) -> None:
    """The fields of Settings are names too, pairs stand for a mapping, and None for the default."""
    assert build_settings(argument) == build_settings(other)


def test_none_ends_what_a_scenario_sets(tmp_path: Path) -> None:
    """None stands for the default, also where a file has another value."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    path = tmp_path / "scenario.yaml"
    path.write_text("retry_after: 3\nrate_limit: 3\n")
    settings = build_settings({"scenario": path, "retry_after": None, "rate_limit": None})
    assert (settings.retry_after, settings.rate_limit) == (None, 0)


def test_a_document_is_a_value_or_a_file(tmp_path: Path) -> None:
    """A document is JSON from Python or the name of a file; raw text is the document itself."""
    path = tmp_path / "vm.json"
    path.write_text('{"compute": {}}')
    document = {"compute": {}}
    assert [build_settings({"document": each}).document for each in (document, path, str(path))] == [document] * 3
    raw = [build_settings({"document": each, "raw": True}).document for each in ("{", b"{", path)]
    assert raw == [b"{", b"{", path.read_bytes()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tags": "env=x"}, "tags: expected a mapping, or pairs of a name and a value, not 'env=x'"),
        ({"tags": ["env"]}, "tags[0]: expected a mapping, or pairs"),
        ({"tags": {"env": None}}, "tags['env']: expected text or a number, not None"),
        ({"tags": 5}, "tags: expected a mapping, or pairs"),
        ({"set": {"compute.zne": "2"}}, "set['compute.zne']: compute.zne: no field 'zne' in compute"),
        ({"faults": {"/x": "5x"}}, "faults['/x']: fault '5x': unknown kind '5x'; allowed: a status or ok"),
        ({"fault": "5x"}, "fault: fault '5x': unknown kind"),
        ({"events": ["Explode"]}, "events[0]: unknown event 'Explode'; allowed: Freeze"),
        ({"events": [{}]}, "events[0]: an event needs a type"),
        ({"events": [{"type": "Reboot", "notice": "x"}]}, "events[0]: event Reboot: notice: invalid duration 'x'"),
        ({"event": "Reboot"}, "unknown argument 'event'; did you mean events?"),
        ({"cloud": "moon"}, "cloud: unknown cloud 'moon'; allowed: public"),
        ({"port": "x"}, "port: invalid port 'x'; allowed: 0 to 65535"),
        ({"raw": "maybe"}, "raw: expected true or false, not 'maybe'"),
        ({"rate_limit": "x"}, "rate_limit: expected a number of 0 or more, not 'x'"),
        ({"versions": ["x"]}, "versions[0]: invalid api-version 'x'"),
        ({"document": [1]}, "document: expected an object with compute"),
        ({"scenario": 5.0j}, "scenario: expected text"),
    ],
)
def test_wrong_values(arguments: dict[str, Any], message: str) -> None:
    """The error says in one line which argument is wrong, where in it, and what is allowed."""
    with pytest.raises(EmulatorError) as caught:
        build_settings(arguments)
    assert str(caught.value).startswith(message)
