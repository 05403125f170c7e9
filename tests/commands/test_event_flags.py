# SPDX-License-Identifier: Apache-2.0
"""The flags of `events`, as options of a watch; wrong ones as a process in test_events.py."""

from __future__ import annotations

import argparse

import pytest
from azure_imds_facts.commands.event_flags import add_arguments, check_flags, read_options
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.events.policy import Policy


def parse(*arguments: str) -> argparse.Namespace:
    """Return flags, checked."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parsed = parser.parse_args(arguments)
    check_flags(parsed)
    return parsed


def test_options() -> None:
    """Each flag has its field."""
    options = read_options(
        parse(
            "--watch", "--exec", "drain", "--exec-timeout", "5", "--state", "s", "--types", "reboot,Preempt",
            "--approve-on-success", "--approve-user", "--approve-freeze-below", "10", "--approve-shared", "--dry-run",
            "--metrics", "m", "--vm-name", "x",
        )
    )  # fmt: skip
    assert (options.command, options.command_timeout_s, options.state_path) == ("drain", 5.0, "s")
    assert (options.metrics_path, options.vm_name) == ("m", "x")
    assert options.policy == Policy(
        types=("reboot", "preempt"),
        approves_on_success=True,
        approves_user=True,
        approve_freeze_below_s=10.0,
        approves_shared=True,
        is_dry_run=True,
    )
    assert read_options(parse("--watch")).policy == Policy()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--approve-user"], ["--approve-shared"], ["--dry-run"], ["--metrics", "x"], ["--approve-freeze-below", "5"],
        ["--watch", "--types", "Reboot"], ["--watch", "--exec", "x", "--types", ""], ["--watch", "--metrics", ""],
        ["--watch", "--approve-freeze-below", "0"], ["--watch", "--approve-freeze-below", "nan"],
        ["--watch", "--all", "--approve-user"], ["--watch", "--all", "--approve-freeze-below", "5"],
        ["--status", "--watch"], ["--status", "--all"], ["--status", "--approve", "x"], ["--state", "x"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_flags_without_sense(arguments: list[str]) -> None:
    """Each is a usage error with what to do."""
    with pytest.raises(UsageError) as caught:
        parse(*arguments)
    assert caught.value.hint


def test_an_unknown_type() -> None:
    """A typo drains nothing, so it is an error."""
    with pytest.raises(UsageError, match="rebot"):
        read_options(parse("--watch", "--exec", "x", "--types", "Rebot"))
