# SPDX-License-Identifier: Apache-2.0
"""The flags of the units: those of the command line, with its meaning."""

from __future__ import annotations

import argparse

import pytest
from azure_imds_facts.commands import events as command
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.events.policy import Policy
from azure_imds_facts.core.events.unit_flags import _build_parser, parse_unit_flags

WATCH = ("--watch", "--hand-over", "/run/x.sock")


def list_flags(parser: argparse.ArgumentParser) -> dict[str, bool]:
    """Each flag of a parser, and whether it takes a value."""
    return {flag: action.nargs is None for action in parser._actions for flag in action.option_strings}


def test_every_flag_is_one_of_the_command_line() -> None:
    """With a value or without, as there."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    known = list_flags(parser)
    flags = list_flags(_build_parser())
    assert {flag: known.get(flag) for flag in flags} == flags


def test_a_watch() -> None:
    """Every flag of a watch is heeded."""
    policy = ("--types", "Reboot,Preempt", "--approve-user", "--approve-freeze-below", "10", "--approve-shared")
    more = ("--approve-on-success", "--dry-run", "--state", "/s", "--cache-dir", "/c", "--vm-name", "web-01")
    found = parse_unit_flags([*WATCH, *policy, *more])
    assert (found.take_over, found.cache_dir) == (None, "/c")
    assert (found.watch.hand_over, found.watch.state_path, found.watch.vm_name) == ("/run/x.sock", "/s", "web-01")
    assert found.watch.policy == Policy(
        types=("reboot", "preempt"),
        approves_on_success=True,
        approves_user=True,
        approve_freeze_below_s=10.0,
        approves_shared=True,
        is_dry_run=True,
    )


def test_taking_over() -> None:
    """A command, and its time."""
    assert parse_unit_flags(["--take-over", "/x"]).timeout_s == 600
    assert parse_unit_flags(["--take-over", "/x", "--exec-timeout", "900"]).timeout_s == 900


def test_a_status() -> None:
    """Of the state that is named."""
    found = parse_unit_flags(["--status", "--state", "/s"])
    assert (found.is_status, found.take_over, found.watch.state_path) == (True, None, "/s")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--watch",),
        (*WATCH, "--take-over", "/x"),
        (*WATCH, "--status"),
        (*WATCH, "--exec", "true"),
        (*WATCH, "--types", "reboots"),
        (*WATCH, "--types", ""),
        (*WATCH, "--approve-freeze-below", "short"),
        (*WATCH, "--approve-freeze-below", "-1"),
        ("--take-over", "/x", "--exec-timeout", "nan"),
        (*WATCH, "--approve"),
        (*WATCH, "web-01"),
    ],
)
def test_what_is_no_flag(words: tuple[str, ...]) -> None:
    """Each is a usage error, and no end of the process."""
    with pytest.raises(UsageError):
        parse_unit_flags(words)
