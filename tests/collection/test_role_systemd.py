# SPDX-License-Identifier: Apache-2.0
"""Test the role where systemd runs: what it enables, starts, stops and leaves alone."""

from __future__ import annotations

from tests.collection.machine import Machine
from tests.collection.role import UNITS, Played, play, read_calls


def test_start(started: Played) -> None:
    """The timer is enabled before the service is started, which nobody waits for; other roles' handlers run after."""
    assert started.counts["failed"] == 0, started.told
    assert started.calls == [
        "daemon-reload",
        "enable azure-imds-facts.timer",
        "start azure-imds-facts.timer",
        "--no-block start azure-imds-facts.service",
    ]
    assert started.told.index("Theirs]") > started.told.index("Enable and start the timer]")


def test_start_again(started: Played, systemd: dict[str, str]) -> None:
    """What is started stays so, and a run that still waits for IMDS does so with the settings of before: it is renewed."""
    machine = started.machine
    told, counts = play(machine, env=systemd, local_facts_start=True)
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert read_calls(machine) == ["daemon-reload"]
    (machine.folder / "active").write_text("azure-imds-facts.timer\nazure-imds-facts.service\n")
    play(machine, env=systemd, local_facts_start=True, local_facts_settings={"AZURE_IMDS_GATHER": "tags"})
    assert read_calls(machine) == ["daemon-reload", "--no-block restart azure-imds-facts.service"]


def test_check_mode_on_a_bare_machine_where_systemd_runs(machine: Machine, systemd: dict[str, str]) -> None:
    """On a bare machine check mode asks for no unit that it has not written."""
    told, counts = play(machine, "--check", env=systemd, local_facts_start=True)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    assert read_calls(machine) == []


def test_check_mode_where_systemd_runs(started: Played, systemd: dict[str, str]) -> None:
    """On a machine with an older program it asks for none either."""
    machine = started.machine
    (machine.local / "lib/azure-imds-facts/azure-imds-facts").write_text("#!/bin/false\n")
    told, counts = play(machine, "--check", env=systemd, local_facts_start=True)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    assert read_calls(machine) == []


def test_start_as_text(machine: Machine, systemd: dict[str, str]) -> None:
    """`false` from the command line, which is text there, means false."""
    for state in ("present", "absent"):
        told, counts = play(machine, "-e", "local_facts_start=false", env=systemd, local_facts_state=state)
        assert (counts["failed"], counts["changed"] > 0) == (0, True), told
        assert read_calls(machine) == []


def test_absent_where_systemd_runs(started: Played, systemd: dict[str, str]) -> None:
    """Units are stopped before they are removed and forgotten after, and a second time there is nothing to stop."""
    machine = started.machine
    told, counts = play(machine, env=systemd, local_facts_start=True, local_facts_state="absent")
    assert counts["failed"] == 0, told
    forget = ["daemon-reload", f"reset-failed {' '.join(UNITS)}"]
    assert read_calls(machine) == ["stop azure-imds-facts.timer", *forget]
    told, counts = play(machine, env=systemd, local_facts_start=True, local_facts_state="absent")
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert read_calls(machine) == forget
