# SPDX-License-Identifier: Apache-2.0
"""Test the role that puts the writer of local facts on a host."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from lab.places import CHECKOUT

from tests.collection.conftest import Machine

CORE = CHECKOUT / "collections/ansible_collections/azure_imds/facts/plugins/module_utils/imds"
UNITS = ("azure-imds-facts.service", "azure-imds-facts.timer", "azure-imds-facts-refresh.timer")
PROGRAM = "/usr/local/lib/azure-imds-facts/azure-imds-facts"


def play(machine: Machine, *options: str, **variables: Any) -> tuple[str, dict[str, int]]:
    """Run the role on the machine; return what Ansible printed, and its counts (`ok`, `changed`, `failed`)."""
    # This machine may not have been booted by systemd: the timer is enabled and not started.
    variables = {"local_facts_start": False, "local_facts_python": "/usr/bin/python3", **variables}
    written = machine.folder / "play.yml"
    role = {"role": "azure_imds.facts.local_facts", **variables}
    written.write_text(json.dumps([{"hosts": "localhost", "gather_facts": False, "roles": [role]}]))
    done = machine.run("ansible-playbook", str(written), *options)
    recap = dict(re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2]))
    return done.stdout + done.stderr, {name: int(count) for name, count in recap.items()}


def test_install_write_read(machine: Machine, vm: str) -> None:
    """The role installs, changes nothing the second time, and what it installed writes facts that setup reads."""
    settings = {"AZURE_IMDS_ENDPOINT": vm, "AZURE_IMDS_CACHE_DIR": str(machine.folder / "cache")}
    told, counts = play(machine, local_facts_settings=settings)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    told, counts = play(machine, local_facts_settings=settings)
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert (machine.etc / "systemd/system/timers.target.wants/azure-imds-facts.timer").is_symlink()
    machine.run_ok("sh", "-c", f"set -a; . /etc/default/azure-imds-facts; exec {PROGRAM} local-facts --boot")
    read = json.loads(
        machine.run_ok("ansible", "localhost", "-m", "setup", "-a", "gather_subset=!all,!min,local").split("=>")[1]
    )
    local = read["ansible_facts"]["ansible_local"]["azure_imds"]
    assert local["compute"]["vm_size"] == "Standard_D2s_v3"
    assert local["tags"] == {"env": "prod", "role": "web", "Cost Center": "47:11"}


def test_units_are_those_of_the_export(machine: Machine) -> None:
    """Both ways to install give the same units, and systemd finds nothing wrong with them."""
    play(machine)
    machine.shell.run_ok("azure-imds-facts", "export", "systemd", str(machine.folder / "tree"), "--program", PROGRAM)
    for unit in UNITS:
        exported = (machine.folder / "tree/etc/systemd/system" / unit).read_text()
        assert (machine.etc / "systemd/system" / unit).read_text() == exported
    verified = machine.run("systemd-analyze", "verify", *(f"/etc/systemd/system/{unit}" for unit in UNITS))
    assert "azure-imds" not in verified.stdout + verified.stderr


def test_check_mode_changes_nothing(machine: Machine) -> None:
    """In check mode the role tells what it would do, on a bare machine too, and does nothing."""
    told, counts = play(machine, "--check")
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    assert not [path for path in (machine.folder / "kept").rglob("*") if "azure" in path.name]


def test_renew(machine: Machine) -> None:
    """A program of an older version is replaced, and changed settings are written."""
    play(machine)
    installed: Path = machine.local / "lib/azure-imds-facts/azure-imds-facts"
    content = installed.read_text()
    installed.write_text("#!/bin/false\n")
    _told, counts = play(machine, local_facts_settings={"AZURE_IMDS_GATHER": "tags"})
    assert counts["changed"] == 2
    assert installed.read_text() == content
    assert all(json.dumps(path.read_text().rstrip("\n"))[1:-1] in content for path in CORE.glob("*.py"))
    assert "AZURE_IMDS_GATHER=tags\n" in (machine.etc / "default/azure-imds-facts").read_text()


def test_absent(machine: Machine, vm: str) -> None:
    """Nothing is left behind, and the second time there is nothing to do."""
    play(machine)
    machine.run_ok(PROGRAM, "local-facts", AZURE_IMDS_ENDPOINT=vm, AZURE_IMDS_CACHE_DIR=str(machine.folder / "cache"))
    assert (machine.etc / "ansible/facts.d/azure_imds.fact").exists()
    told, counts = play(machine, local_facts_state="absent")
    assert (counts["failed"], counts["changed"]) == (0, 2), told
    left = machine.run_ok("find", "/etc", "/usr/local", "-xdev", "-name", "*azure*imds*")
    assert left == ""
    _told, counts = play(machine, local_facts_state="absent")
    assert counts["changed"] == 0


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


def test_bad_arguments(machine: Machine) -> None:
    """A state that there is not, and settings that are none, are refused before anything is touched."""
    settings = (
        "AZURE_IMDS_GATHER=tags",
        {"gather": "tags"},
        {"AZURE_IMDS_GATHER": "tags\nPATH=/tmp"},
        {"AZURE_IMDS_GATHER": "tags\\"},
        {"AZURE_IMDS_GATHER": '"tags'},
    )
    cases: list[dict[str, Any]] = [
        {"local_facts_state": "gone"},
        {"local_facts_directory": "/opt/x\nExecStartPre=/bin/true"},
        {"local_facts_directory": "/opt/%i"},
        {"local_facts_python": "/usr/bin/my python"},
    ]
    for wrong in cases + [{"local_facts_settings": given} for given in settings]:
        told, counts = play(machine, **wrong)
        assert counts["failed"] == 1
        assert next(iter(wrong)) in told or "has to be a whole path" in told
    assert not (machine.etc / "systemd").exists()


def test_program_refuses(machine: Machine) -> None:
    """The installed program ends with the outcome's exit code, and says what to do."""
    play(machine)
    done = machine.run(PROGRAM, "facts")
    assert (done.returncode, "usage: Cannot do facts. Give: local-facts [--boot]." in done.stderr) == (2, True)
    done = machine.run(PROGRAM, "local-facts", AZURE_IMDS_DETECT="auto", AZURE_IMDS_ENDPOINT="")
    assert (done.returncode, "not_azure" in done.stderr) == (3, True)
