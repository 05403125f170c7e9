# SPDX-License-Identifier: Apache-2.0
"""Test the role where it removes what it has put on a host."""

from __future__ import annotations

import pytest

from tests.collection.machine import Machine
from tests.collection.role import PROGRAM, play


def test_absent(installed: Machine, vm: str) -> None:
    """Nothing is left behind, and the second time there is nothing to do."""
    machine = installed
    machine.run_ok(PROGRAM, "local-facts", AZURE_IMDS_ENDPOINT=vm, AZURE_IMDS_CACHE_DIR=str(machine.folder / "cache"))
    assert (machine.etc / "ansible/facts.d/azure_imds.fact").exists()
    cache = machine.folder / "run/azure-imds-facts"
    cache.mkdir()
    (cache / "kept.json").write_text("{}")
    told, counts = play(machine, "--check", local_facts_state="absent")
    assert (counts["failed"], counts["changed"], cache.exists()) == (0, 4, True), told
    told, counts = play(machine, local_facts_state="absent")
    # The facts, what the services share, the units, the program, and its directory.
    assert (counts["failed"], counts["changed"]) == (0, 5), told
    left = machine.run_ok("find", "/etc", "/usr/local", "-xdev", "-name", "*azure*imds*")
    assert (left, cache.exists()) == ("", False)
    told, counts = play(machine, local_facts_state="absent")
    assert (counts["changed"], "WARNING" in told) == (0, False), told


@pytest.mark.parametrize("content", ['{"available": 1, "snapshot": {}}', "{broken", None])
def test_absent_leaves_foreign_facts(machine: Machine, content: str | None) -> None:
    """Facts of the same name that we have not written stay, a directory (None) too."""
    place = machine.etc / "ansible/facts.d/azure_imds.fact"
    place.parent.mkdir(parents=True)
    place.mkdir() if content is None else place.write_text(content)
    told, counts = play(machine, local_facts_state="absent")
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert place.is_dir() if content is None else place.read_text() == content


def test_absent_leaves_what_the_events_use(installed: Machine) -> None:
    """Settings and cache stay for as long as the service that watches for events, which shares them, is installed."""
    machine = installed
    (machine.etc / "systemd/system/azure-imds-events.service").write_text("")
    (machine.folder / "run/azure-imds-facts").mkdir()
    told, counts = play(machine, local_facts_state="absent")
    assert counts["failed"] == 0, told
    assert (machine.etc / "default/azure-imds-facts").exists()
    assert (machine.folder / "run/azure-imds-facts").exists()
    assert not (machine.etc / "systemd/system/azure-imds-facts.service").exists()


def test_absent_leaves_what_is_not_ours(machine: Machine) -> None:
    """A directory that others use as well stays, with what is theirs."""
    shared = machine.local / "lib/shared"
    shared.mkdir(parents=True)
    (shared / "theirs").write_text("")
    play(machine, local_facts_directory="/usr/local/lib/shared")
    assert (shared / "azure-imds-facts").exists()
    told, counts = play(machine, local_facts_state="absent", local_facts_directory="/usr/local/lib/shared")
    assert counts["failed"] == 0, told
    assert [path.name for path in shared.iterdir()] == ["theirs"]
