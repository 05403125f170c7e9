# SPDX-License-Identifier: Apache-2.0
"""Test the role that puts the writer of local facts on a host."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from lab.places import CHECKOUT

from tests.collection.conftest import Machine

COLLECTION = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
CORE = COLLECTION / "plugins/module_utils/imds"
ROLE = COLLECTION / "roles/local_facts"
UNITS = ("azure-imds-facts.service", "azure-imds-facts.timer", "azure-imds-facts-refresh.timer")
PROGRAM = "/usr/local/lib/azure-imds-facts/azure-imds-facts"


# The role looks at /run and removes what it finds there: this machine's own is not the test's.
OWN_RUN = 'mkdir -p "$0" && mount --bind "$0" /run && exec "$@"'
# Answers as far as the role asks, and keeps what it was asked to change.
SYSTEMCTL = """\
#!/bin/sh
all="$*"
[ "$1" != --no-block ] || shift
wants=/etc/systemd/system/timers.target.wants
case "$1" in
    show)
        [ -e "/etc/systemd/system/$2" ] && echo LoadState=loaded || echo LoadState=not-found
        grep -qx "$2" {folder}/active && echo ActiveState=active || echo ActiveState=inactive
        exit 0 ;;
    is-enabled) test -e "$wants/$2"; exit ;;
    enable) mkdir -p "$wants" && ln -s "../$2" "$wants/$2" ;;
    start) [ "$2" = azure-imds-facts.service ] || echo "$2" >>{folder}/active ;;
    reset-failed) echo "$all" >>{folder}/calls; exit 1 ;;
esac
echo "$all" >>{folder}/calls
"""


def play(
    machine: Machine, *options: str, before: tuple[str, ...] = (), env: dict[str, str] | None = None, **variables: Any
) -> tuple[str, dict[str, int]]:
    """Run the role, after those of `before`; return what Ansible printed, and its counts (`ok`, `changed`, `failed`)."""
    # This machine may not have been booted by systemd: the timer is enabled and not started.
    variables = {"local_facts_start": False, **variables}
    written = machine.folder / "play.yml"
    role = {"role": "azure_imds.facts.local_facts", **variables}
    hosts = "all" if "--inventory" in options else "localhost"
    written.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "roles": [*before, role]}]))
    words = ("sh", "-c", OWN_RUN, str(machine.folder / "run"), "ansible-playbook", str(written), *options)
    done = machine.run(*words, **(env or {}))
    counts: dict[str, int] = {}
    for name, count in re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2]):
        counts[name] = counts.get(name, 0) + int(count)
    return done.stdout + done.stderr, counts


@pytest.fixture(name="systemd")
def _systemd(machine: Machine) -> dict[str, str]:
    """The environment of a play for which a systemctl of the test's stands in; `read_calls` tells what it was told."""
    stand_in = machine.folder / "bin/systemctl"
    stand_in.parent.mkdir()
    stand_in.write_text(SYSTEMCTL.replace("{folder}", str(machine.folder)))
    stand_in.chmod(0o755)
    (machine.folder / "active").write_text("")
    return {"PATH": f"{stand_in.parent}{os.pathsep}{machine.shell.env['PATH']}"}


def read_calls(machine: Machine) -> list[str]:
    """Return what systemctl was asked to change since the last time."""
    calls = machine.folder / "calls"
    found = calls.read_text().splitlines() if calls.exists() else []
    calls.unlink(missing_ok=True)
    return found


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


def test_units_are_those_of_the_export(machine: Machine) -> None:
    """Both ways to install give the same units but for the interpreter, which the role's name; systemd finds no fault."""
    play(machine)
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
    cache = machine.folder / "run/azure-imds-facts"
    cache.mkdir()
    (cache / "kept.json").write_text("{}")
    told, counts = play(machine, "--check", local_facts_state="absent")
    assert (counts["failed"], counts["changed"], cache.exists()) == (0, 3, True), told
    told, counts = play(machine, local_facts_state="absent")
    # The facts, what the services share, the rest, and the directory.
    assert (counts["failed"], counts["changed"]) == (0, 4), told
    left = machine.run_ok("find", "/etc", "/usr/local", "-xdev", "-name", "*azure*imds*")
    assert (left, cache.exists()) == ("", False)
    _told, counts = play(machine, local_facts_state="absent")
    assert counts["changed"] == 0


@pytest.mark.parametrize("content", ['{"available": 1, "snapshot": {}}', "{broken", None])
def test_absent_leaves_foreign_facts(machine: Machine, content: str | None) -> None:
    """Facts of the same name that we have not written stay, a directory (None) too."""
    place = machine.etc / "ansible/facts.d/azure_imds.fact"
    place.parent.mkdir(parents=True)
    place.mkdir() if content is None else place.write_text(content)
    told, counts = play(machine, local_facts_state="absent")
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert place.is_dir() if content is None else place.read_text() == content


def test_absent_leaves_what_the_events_use(machine: Machine) -> None:
    """Settings and cache stay for as long as the service that watches for events, which shares them, is installed."""
    play(machine)
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


def test_bad_arguments(machine: Machine) -> None:
    """A state that there is not, and settings that are none, are refused before anything is touched."""
    settings = (
        "AZURE_IMDS_GATHER=tags",
        {"gather": "tags"},
        {"AZURE_IMDS_GAHTER": "tags"},
        {"AZURE_IMDS_GATHER": "tags\nPATH=/tmp"},
        {"AZURE_IMDS_GATHER": "tags\\"},
        {"AZURE_IMDS_GATHER": ["tags", '"compute']},
        {"AZURE_IMDS_GATHER": {"tags": True}},
        {"AZURE_IMDS_CACHE_DIR": "/var/cache/azure-imds-facts"},
        {"AZURE_IMDS_CACHE_DIR": "/run/azure-imds-facts/../x"},
    )
    cases: list[dict[str, Any]] = [
        {"local_facts_state": "gone"},
        {"local_facts_directory": "/opt/x\nExecStartPre=/bin/true"},
        {"local_facts_directory": "/opt/%i"},
        {"local_facts_directory": "/home/me/facts"},
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
    assert not (machine.etc / "systemd").exists()


def test_settings(machine: Machine) -> None:
    """A list is written with commas, and other values as they are."""
    given = {
        "AZURE_IMDS_GATHER": ["compute", "tags"],
        "AZURE_IMDS_TIMEOUT": 20,
        "AZURE_IMDS_REVEAL": [],
        "AZURE_IMDS_CACHE_DIR": "/run/azure-imds-facts/own",
    }
    told, counts = play(machine, local_facts_settings=given)
    assert counts["failed"] == 0, told
    written = (machine.etc / "default/azure-imds-facts").read_text().splitlines()
    assert [line for line in written if line and not line.startswith("#")] == [
        "AZURE_IMDS_CACHE_DIR=/run/azure-imds-facts/own",
        "AZURE_IMDS_GATHER=compute,tags",
        "AZURE_IMDS_REVEAL=",
        "AZURE_IMDS_TIMEOUT=20",
    ]


def test_known_settings_are_those_of_the_file() -> None:
    """The role knows each setting that the shipped file lists, and the place of the cache, which is not for everybody."""
    known = set(yaml.safe_load((ROLE / "vars/main.yml").read_text())["local_facts_known"])
    listed = set(re.findall(r"(?m)^#(AZURE_IMDS_[A-Z_]+)=", (ROLE / "files/azure-imds-facts.default").read_text()))
    assert known == listed | {"AZURE_IMDS_CACHE_DIR"}


def test_start(machine: Machine, systemd: dict[str, str]) -> None:
    """The timer is enabled before the service is started, which nobody waits for; other roles' handlers run after."""
    theirs = machine.folder / "roles/theirs"
    for part, tasks in {
        "tasks": [{"name": "Notify", "command": "true", "notify": "Theirs"}],
        "handlers": [{"name": "Theirs", "command": "true"}],
    }.items():
        (theirs / part).mkdir(parents=True)
        (theirs / part / "main.yml").write_text(json.dumps(tasks))
    told, counts = play(machine, before=("theirs",), env=systemd, local_facts_start=True)
    assert counts["failed"] == 0, told
    assert read_calls(machine) == [
        "daemon-reload",
        "enable azure-imds-facts.timer",
        "start azure-imds-facts.timer",
        "--no-block start azure-imds-facts.service",
    ]
    assert told.index("Theirs]") > told.index("Enable and start the timer]")
    told, counts = play(machine, env=systemd, local_facts_start=True)
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert read_calls(machine) == ["daemon-reload"]
    # A run that still waits for IMDS does so with the settings of before.
    (machine.folder / "active").write_text("azure-imds-facts.timer\nazure-imds-facts.service\n")
    play(machine, env=systemd, local_facts_start=True, local_facts_settings={"AZURE_IMDS_GATHER": "tags"})
    assert read_calls(machine) == ["daemon-reload", "--no-block restart azure-imds-facts.service"]


def test_check_mode_where_systemd_runs(machine: Machine, systemd: dict[str, str]) -> None:
    """On a bare machine, and on one with an older program, check mode asks for no unit that it has not written."""
    told, counts = play(machine, "--check", env=systemd, local_facts_start=True)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    assert read_calls(machine) == []
    play(machine, env=systemd, local_facts_start=True)
    read_calls(machine)
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


def test_absent_where_systemd_runs(machine: Machine, systemd: dict[str, str]) -> None:
    """Units are stopped before they are removed and forgotten after, and a second time there is nothing to stop."""
    play(machine, env=systemd, local_facts_start=True)
    read_calls(machine)
    told, counts = play(machine, env=systemd, local_facts_start=True, local_facts_state="absent")
    assert counts["failed"] == 0, told
    forget = ["daemon-reload", f"reset-failed {' '.join(UNITS)}"]
    assert read_calls(machine) == ["stop azure-imds-facts.timer", *forget]
    told, counts = play(machine, env=systemd, local_facts_start=True, local_facts_state="absent")
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert read_calls(machine) == forget


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


def test_program_refuses(machine: Machine) -> None:
    """The installed program ends with the outcome's exit code, and says what to do."""
    play(machine)
    done = machine.run(PROGRAM, "facts")
    assert (done.returncode, "usage: Cannot do facts. Give: local-facts [--boot]." in done.stderr) == (2, True)
    done = machine.run(PROGRAM, "local-facts", AZURE_IMDS_DETECT="auto", AZURE_IMDS_ENDPOINT="")
    assert (done.returncode, "not_azure" in done.stderr) == (3, True)
