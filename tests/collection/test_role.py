# SPDX-License-Identifier: Apache-2.0
"""Test the role that puts the writer of local facts on a host."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from typing import Any

import yaml
from azure_imds_facts.core.versions import VERSION

from tests.collection.machine import Machine
from tests.collection.role import COLLECTION, PROGRAM, UNITS, Played, play

CORE = COLLECTION / "plugins/module_utils/imds"
ROLE = COLLECTION / "roles/local_facts"


def test_install_write_read(machine: Machine, vm: str) -> None:
    """The role installs, changes nothing the second time, and what it installed writes facts that setup reads."""
    settings = {"AZURE_IMDS_ENDPOINT": vm}
    told, counts = play(machine, local_facts_settings=settings)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    told, counts = play(machine, local_facts_settings=settings)
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert (machine.etc / "systemd/system/timers.target.wants/azure-imds-facts.timer").is_symlink()
    command = f"set -a; . /etc/default/azure-imds-facts; exec {PROGRAM} local-facts --boot"
    machine.run_ok("sh", "-c", command, AZURE_IMDS_CACHE_DIR=str(machine.folder / "cache"))
    read = json.loads(
        machine.run_ok("ansible", "localhost", "-m", "setup", "-a", "gather_subset=!all,!min,local").split("=>")[1]
    )
    local = read["ansible_facts"]["ansible_local"]["azure_imds"]
    assert local["compute"]["vm_size"] == "Standard_D2s_v3"
    assert local["tags"] == {"env": "prod", "role": "web", "Cost Center": "47:11"}


def test_paths(machine: Machine, vm: str) -> None:
    """Paths reach the program through the file of settings, the name of a tag with a blank in it too."""
    settings = {"AZURE_IMDS_ENDPOINT": vm, "AZURE_IMDS_GATHER": ["compute.vmSize", "tags.Cost Center"]}
    told, counts = play(machine, local_facts_settings=settings)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    command = f"set -a; . /etc/default/azure-imds-facts; exec {PROGRAM} local-facts --boot"
    machine.run_ok("sh", "-c", command, AZURE_IMDS_CACHE_DIR=str(machine.folder / "cache"))
    facts = json.loads((machine.etc / "ansible/facts.d/azure_imds.fact").read_text())
    assert (facts["compute"], facts["tags"]) == ({"vm_size": "Standard_D2s_v3"}, {"Cost Center": "47:11"})
    assert "network" not in facts
    assert facts["snapshot"]["vm_id"]


def test_files_of_other_programs(machine: Machine, vm: str) -> None:
    """The service writes for Facter and node_exporter as well, and `absent` removes what it wrote."""
    folder = machine.etc / "prom"
    folder.mkdir(parents=True)
    formats = ["ansible", "facter", "prometheus:/etc/prom"]
    settings = {"AZURE_IMDS_ENDPOINT": vm, "AZURE_IMDS_LOCAL_FACTS_FORMAT": formats}
    told, counts = play(machine, local_facts_settings=settings)
    assert counts["failed"] == 0, told
    command = f"set -a; . /etc/default/azure-imds-facts; exec {PROGRAM} local-facts --boot"
    machine.run_ok("sh", "-c", command, AZURE_IMDS_CACHE_DIR=str(machine.folder / "cache"))
    written = [
        machine.etc / "ansible/facts.d/azure_imds.fact",
        machine.etc / "facter/facts.d/azure_imds.json",
        folder / "azure_imds.prom",
    ]
    assert json.loads(written[1].read_text()) == {"azure_imds": json.loads(written[0].read_text())}
    assert 'vm_size="Standard_D2s_v3"' in written[2].read_text()
    if shutil.which("facter"):
        # Where it looks without being told.
        assert machine.run_ok("facter", "azure_imds.compute.vm_size") == "Standard_D2s_v3\n"
    (folder / "theirs.prom").write_text("up 1\n")
    told, counts = play(machine, local_facts_settings=settings, local_facts_state="absent")
    assert counts["failed"] == 0, told
    assert [path.exists() for path in written] == [False] * 3
    assert (folder / "theirs.prom").exists()


def test_units_are_those_of_the_export(installed: Machine) -> None:
    """Both ways to install give the same units but for the interpreter, which the role's name; systemd finds no fault."""
    machine = installed
    machine.shell.run_ok("azure-imds-facts", "export", "systemd", str(machine.folder / "tree"), "--program", PROGRAM)
    for unit in UNITS:
        exported = (machine.folder / "tree/etc/systemd/system" / unit).read_text()
        expected = exported.replace(f"ExecStart={PROGRAM} ", f"ExecStart=/usr/bin/python3 -I {PROGRAM} ")
        assert (machine.etc / "systemd/system" / unit).read_text() == expected
        assert (expected != exported) == unit.endswith(".service")
    verified = machine.run("systemd-analyze", "verify", *(f"/etc/systemd/system/{unit}" for unit in UNITS))
    assert "azure-imds" not in verified.stdout + verified.stderr


def test_check_mode_changes_nothing(machine: Machine) -> None:
    """In check mode the role tells what it would do, on a bare machine too, and does nothing."""
    told, counts = play(machine, "--check")
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    assert not [path for path in (machine.folder / "kept").rglob("*") if "azure" in path.name]


def test_renew(renewed: Played) -> None:
    """A program of an older version is replaced, and changed settings are written: no more has changed."""
    assert (renewed.counts["failed"], renewed.counts["changed"]) == (0, 2), renewed.told
    content = (renewed.machine.local / "lib/azure-imds-facts/azure-imds-facts").read_text()
    assert all(json.dumps(path.read_text().rstrip("\n"))[1:-1] in content for path in CORE.glob("*.py"))


def test_settings(renewed: Played) -> None:
    """A list is written with commas, and other values as they are."""
    written = (renewed.machine.etc / "default/azure-imds-facts").read_text().splitlines()
    assert [line for line in written if line and not line.startswith("#")] == [
        "AZURE_IMDS_CACHE_DIR=/run/azure-imds-facts/own",
        "AZURE_IMDS_GATHER=compute,tags",
        "AZURE_IMDS_REVEAL=",
        "AZURE_IMDS_TIMEOUT=20",
    ]


def test_bad_arguments(machine: Machine) -> None:
    """A state that there is not, and settings that are none, are refused before anything is touched."""
    settings = (
        "AZURE_IMDS_GATHER=tags",
        {"gather": "tags"},
        {"AZURE_IMDS_GAHTER": "tags"},
        {"AZURE_IMDS_GATHER": "tags\nPATH=/tmp"},
        {"AZURE_IMDS_GATHER": "tags\\"},
        {"AZURE_IMDS_GATHER": ["tags", '"compute']},
        {"AZURE_IMDS_GATHER": "tags.$HOME"},
        {"AZURE_IMDS_GATHER": "compute.vmSize compute.zone"},
        {"AZURE_IMDS_GATHER": {"tags": True}},
        {"AZURE_IMDS_CACHE_DIR": "/var/cache/azure-imds-facts"},
        {"AZURE_IMDS_CACHE_DIR": "/run/azure-imds-facts/../x"},
        # The program's own rules: with these the service would start and end, on every host.
        {"AZURE_IMDS_GATHER": "tag"},
        {"AZURE_IMDS_REVEAL": "userdata"},
        {"AZURE_IMDS_LOCAL_FACTS_FORMAT": "puppet"},
        {"AZURE_IMDS_LOCAL_FACTS_FORMAT": ["ansible", "prometheus"]},
        {"AZURE_IMDS_TIMEOUT": 0},
        {"AZURE_IMDS_API_VERSION": "2021-02-02"},
        {"AZURE_IMDS_ENDPOINT": "https://imds"},
    )
    cases: list[dict[str, Any]] = [
        {"local_facts_state": "gone"},
        {"local_facts_directory": "/opt/x\nExecStartPre=/bin/true"},
        {"local_facts_directory": "/opt/%i"},
        {"local_facts_directory": "/home/me/facts"},
        {"local_facts_directory": "/opt/facts/"},
        {"local_facts_directory": "/opt/../root"},
        {"local_facts_python": "/usr/bin/my python"},
        {"local_facts_python": "/root/venv/bin/python"},
        {"local_facts_python": "/usr/bin/python3.0"},
    ]
    for name, script in {"old": "exit 1", "hidden": "echo /root/.pyenv/versions/3.12.1/bin/python3.12"}.items():
        python = machine.local / "bin" / name
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        cases.append({"local_facts_python": f"/usr/local/bin/{name}"})
    cases += [{"local_facts_settings": given} for given in settings]
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts = {f"case{number}": {**local, **wrong} for number, wrong in enumerate(cases)}
    inventory = machine.folder / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    told, counts = play(machine, "--inventory", str(inventory), "--forks", "10")
    assert (counts["failed"], counts["changed"]) == (len(cases), 0), told
    for number, wrong in enumerate(cases):
        # The message names the variable.
        assert re.search(rf'(?m)^(fatal|failed): \[case{number}\].*"msg": ".*{next(iter(wrong))}', told), (wrong, told)
    assert "AZURE_IMDS_GATHER cannot be 'tag'. Give a list of compute, network" in told
    assert "/opt/facts/: it has to be a whole path of letters, digits and . _ + - alone" in told
    assert "without a slash at its end" in told
    assert not (machine.etc / "systemd").exists()


def test_diff_shows_the_version(machine: Machine) -> None:
    """`--diff` shows which version is put there, and not the program; a newer version shows as such."""
    told, counts = play(machine, "--diff")
    assert counts["failed"] == 0, told
    assert f"+azure-imds-facts {VERSION}\n" in told
    assert len(told) < 30_000
    version = machine.local / "lib/azure-imds-facts/azure-imds-facts.version"
    version.write_text(version.read_text().replace(VERSION, "0.0.9"))
    told, counts = play(machine, "--diff")
    assert (counts["failed"], counts["changed"]) == (0, 1), told
    assert f"-azure-imds-facts 0.0.9\n+azure-imds-facts {VERSION}\n" in told


def test_another_directory(installed: Machine) -> None:
    """Where the directory changes, the program of before goes, and its directory where nothing else is in it."""
    machine = installed
    told, counts = play(machine, local_facts_directory="/usr/local/lib/elsewhere")
    assert counts["failed"] == 0, told
    found = sorted(machine.run_ok("find", "/usr/local/lib", "-name", "azure-imds*").split())
    assert found == [f"/usr/local/lib/elsewhere/azure-imds-facts{end}" for end in ("", ".version")]
    # Removed from where it is, whatever the variable says.
    told, counts = play(machine, local_facts_state="absent")
    assert counts["failed"] == 0, told
    assert machine.run_ok("find", "/usr/local/lib", "-name", "*elsewhere*", "-o", "-name", "azure-imds*") == ""


def test_known_settings_are_those_of_the_file() -> None:
    """The role knows each setting that the shipped file lists, and the place of the cache, which is not for everybody."""
    known = set(yaml.safe_load((ROLE / "vars/main.yml").read_text())["local_facts_known"])
    listed = set(re.findall(r"(?m)^#(AZURE_IMDS_[A-Z_]+)=", (ROLE / "files/azure-imds-facts.default").read_text()))
    assert known == listed | {"AZURE_IMDS_CACHE_DIR"}


def test_no_directory_for_what_the_boot_starts(machine: Machine) -> None:
    """The timer is enabled on a host where nothing else was."""
    machine.run_ok("rm", "-rf", "/etc/systemd/system/timers.target.wants")
    told, counts = play(machine)
    assert counts["failed"] == 0, told
    assert (machine.etc / "systemd/system/timers.target.wants/azure-imds-facts.timer").is_symlink()


def test_masked(machine: Machine) -> None:
    """A masked unit stays masked, and the role says so before it changes anything."""
    unit = machine.etc / "systemd/system/azure-imds-facts.timer"
    unit.parent.mkdir(parents=True)
    unit.symlink_to("/dev/null")
    told, counts = play(machine)
    assert (counts["failed"], counts["changed"], os.readlink(unit)) == (1, 0, "/dev/null"), told
    assert "systemctl unmask azure-imds-facts.timer" in told


def test_collection_in_an_odd_place(machine: Machine) -> None:
    """Where the core is not found, as below a path that is a pattern, the role says so and installs nothing."""
    place = machine.folder / "odd[1]/ansible_collections/azure_imds/facts"
    shutil.copytree(COLLECTION, place)
    told, counts = play(machine, env={"ANSIBLE_COLLECTIONS_PATH": str(machine.folder / "odd[1]")})
    assert (counts["failed"], counts["changed"]) == (1, 0), told
    assert "Install the collection below a path without" in told


def test_program_refuses(installed: Machine) -> None:
    """The installed program ends with the outcome's exit code, and says what to do."""
    machine = installed
    done = machine.run(PROGRAM, "facts")
    assert (done.returncode, "usage: Cannot do facts. Give: local-facts [--boot]." in done.stderr) == (2, True)
    done = machine.run(PROGRAM, "local-facts", AZURE_IMDS_DETECT="auto", AZURE_IMDS_ENDPOINT="")
    assert (done.returncode, "not_azure" in done.stderr) == (3, True)
