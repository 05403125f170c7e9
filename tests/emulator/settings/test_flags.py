# SPDX-License-Identifier: Apache-2.0
"""Flags: the machine that they describe, precedence over a scenario file, and invalid values."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest
from azure_imds_facts.emulator.settings.flags import add_arguments

from tests.emulator.client import get_instance
from tests.emulator.processes import StartCommand, run_command


def test_flags_change_the_machine(start_command: StartCommand) -> None:
    """--set, --tag, --cloud and --vm change the document."""
    command = start_command(
        "--cloud", "china", "--vm", "spot", "--set", "compute.zone=2", "--tag", "a b=c:d", "--tag", "ENV=x"
    )
    compute = get_instance(command.url).json["compute"]
    assert (compute["azEnvironment"], compute["priority"]) == ("AzureChinaCloud", "Spot")
    assert compute["zone"] == "2"
    assert compute["tags"] == "env:x;role:web;a b:c:d"


def test_flags_take_precedence_over_a_scenario(start_command: StartCommand, tmp_path: Path) -> None:
    """A single flag replaces the scenario's value; repeatable flags are appended to it."""
    path = tmp_path / "scenario.yaml"
    path.write_text("cloud: china\nset: {compute.zone: 2, compute.name: x}\ntags: {a: b}\n")
    command = start_command("--scenario", str(path), "--cloud", "german", "--set", "compute.zone=3", "--tag", "c=d")
    compute = get_instance(command.url, version="2021-08-01").json["compute"]
    assert (compute["azEnvironment"], compute["zone"], compute["name"]) == ("AzureGermanCloud", "3", "x")
    assert compute["tags"] == "env:demo;role:web;a:b;c:d"


INVALID_FLAGS = [
    (["--cloud", "mars"], "unknown cloud 'mars'; allowed: public, government, china, german, bleu, delos, stack"),
    (["--vm", "toaster"], "unknown machine 'toaster'; allowed: linux, windows, vmss"),
    (["--era", "1999"], "unknown era '1999'; allowed: now, 2019, 2017"),
    (["--port", "99999"], "invalid port '99999'; allowed: 0 to 65535"),
    (["--bind", "localhost"], "invalid address 'localhost'; expected one such as"),
    (["--bind", "0.0.0.0"], "allow it with --allow-remote"),
    (["--rate-limit", "-1"], "--rate-limit: expected a number of 0 or more, not '-1'"),
    (["--event-clock", "0"], "invalid event clock 0; allowed: 0.01 to 1e+06, such as 60"),
    (["--token-lifetime", "soon"], "--token-lifetime: invalid duration 'soon'"),
    (["--fault", "explode"], "fault 'explode': unknown kind 'explode'; allowed: a status or ok"),
    (["--fault", "/metadata/versions=1"], "unknown kind '1'"),
    (["--load-balancer", "basic"], "unknown load balancer 'basic'; allowed: standard, gateway"),
    (["--identity", "none", "--identity", "a"], "identity 'none' excludes others"),
    (["--event", "Explode"], "--event: unknown event 'Explode'; allowed: Freeze"),
    (["--scenario", "/nonexistent.yaml"], "/nonexistent.yaml: no such file or directory"),
    (["--log", "/nonexistent/log"], "--log /nonexistent/log: no such file or directory"),
    (["--control", "/nonexistent/socket"], "control socket /nonexistent/socket: no such file or directory"),
    (["--export-keys", "/dev/null/x"], "/dev/null/x: not a directory"),
    (["--change", "{}"], "--change needs --control"),
    (["--set", "compute.zome=2"], "no field 'zome' in compute (--keep-unknown serves it); did you mean zone?"),
    (["--set", "compute.publicKeys=x"], "compute.publicKeys: expected JSON for array"),
    (["--set", "network.interface[4].macAddress=x"], "allowed: 0 to 1"),
    (["--set", "compute"], "--set: expected PATH=VALUE, not 'compute'"),
    (["--tag", "name"], "--tag: expected NAME=VALUE, not 'name'"),
    (["--versions", "latest"], "invalid api-version 'latest'; expected a date"),
    (["--raw"], "--raw serves a document unchanged; name one"),
    (["--document", "/nonexistent.json"], "/nonexistent.json: no such file or directory"),
]


@pytest.mark.parametrize(("arguments", "message"), INVALID_FLAGS)
def test_bad_input_is_one_line(arguments: list[str], message: str) -> None:
    """An invalid flag is reported in one line with the allowed values; the exit code is 2 and there is no output."""
    result = run_command(*arguments)
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert message in result.stderr


def test_help_names_the_choices() -> None:
    """--help lists clouds, machines and events."""
    shown = " ".join(run_command("--help").stdout.split())
    for words in (
        "public, government, china, german, bleu, delos, stack",
        "linux, windows, vmss",
        "Freeze, Reboot, Redeploy",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("words", "command"),
    [
        (["--quiet", "python3", "-c", "print(1)"], ["python3", "-c", "print(1)"]),
        (["--quiet", "--", "python3", "-c", "print(1)"], ["python3", "-c", "print(1)"]),
        (["--", "--quiet"], ["--quiet"]),
        (["--inventory", "--", "a", "--", "b"], ["a", "--", "b"]),
        (["--quiet"], []),
    ],
)
def test_a_command_has_flags_of_its_own(words: list[str], command: list[str]) -> None:
    """All that follows a command belongs to it, with -- before it or without."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert parser.parse_args(words).child == command


def test_an_empty_command_is_an_error() -> None:
    """A command that is missing after -- is not an emulator that serves."""
    result = run_command("--tag", "env=prod", "--")
    assert result.returncode == 2
    assert "expected a command after --" in result.stderr
