# SPDX-License-Identifier: Apache-2.0
"""Test the role that watches for scheduled events: what it puts on a host, refuses, and removes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import partial
from typing import Any

import pytest
import yaml
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.collection.machine import Machine
from tests.collection.role import COLLECTION, play, read_calls
from tests.support.watchers import wait_for

ROLE = COLLECTION / "roles/scheduled_events"
UNITS = ("azure-imds-events.service", "azure-imds-event.socket", "azure-imds-event@.service")
PROGRAM = "/usr/local/lib/azure-imds-events/azure-imds-events"
COMMAND = ["/usr/bin/touch", "it's $HOME; done"]

run_role = partial(play, role="scheduled_events")


def test_install_and_remove(machine: Machine) -> None:
    """The role installs, changes nothing the second time, gives the units of the export, and removes all of it."""
    given: dict[str, Any] = {
        "scheduled_events_command": COMMAND,
        "scheduled_events_types": ["Reboot", "Preempt"],
        "scheduled_events_approve_on_success": True,
        "scheduled_events_approve_freeze_below": 10,
        "scheduled_events_settings": {"AZURE_IMDS_DETECT": "skip"},
    }
    told, counts = run_role(machine, "--check", **given)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    assert not [path for path in (machine.folder / "kept").rglob("*") if "azure" in path.name]
    told, counts = run_role(machine, **given)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    told, counts = run_role(machine, **given)
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    check_installed(machine)
    told, counts = run_role(machine, scheduled_events_state="absent")
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told
    assert machine.run_ok("find", "/etc", "/usr/local", "-xdev", "-name", "*azure*imds*") == ""
    assert "azure-imds" not in machine.run_ok("cat", "/etc/passwd", "/etc/group")
    told, counts = run_role(machine, scheduled_events_state="absent")
    assert (counts["failed"], counts["changed"], "WARNING" in told) == (0, 0, False), told


def check_installed(machine: Machine) -> None:
    """The units are the export's but for the interpreter, and the rest is what was given."""
    machine.shell.run_ok("azure-imds-facts", "export", "systemd", str(machine.folder / "tree"), "--program", PROGRAM)
    for unit in UNITS:
        exported = (machine.folder / "tree/etc/systemd/system" / unit).read_text()
        expected = exported.replace(f"ExecStart={PROGRAM} ", f"ExecStart=/usr/bin/python3 -I {PROGRAM} ")
        assert (machine.etc / "systemd/system" / unit).read_text() == expected
    assert (machine.etc / "systemd/system/multi-user.target.wants/azure-imds-events.service").is_symlink()
    assert (machine.etc / "default/azure-imds-events").read_text().splitlines()[1:] == [
        "WATCH_OPTIONS=--types Reboot,Preempt --approve-on-success --approve-freeze-below 10",
        "COMMAND_OPTIONS=--exec-timeout 600",
        "AZURE_IMDS_DETECT=skip",
    ]
    command = machine.etc / "azure-imds-facts/on-event"
    assert oct(command.stat().st_mode & 0o777) == "0o700"
    subprocess.run([str(command)], cwd=machine.folder, check=True)
    assert (machine.folder / COMMAND[1]).exists()
    found = machine.run_ok("getent", "passwd", "azure-imds-events")
    assert re.fullmatch(r"azure-imds-events:x:\d+:\d+:Watcher of Azure scheduled events:/:/usr/sbin/nologin\n", found)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("echo hello", "#!/bin/sh\n{mark}\necho hello\n"),
        ("#!/usr/bin/env python3\nprint(1)\n", "#!/usr/bin/env python3\n{mark}\nprint(1)\n"),
    ],
    ids=["shell", "python"],
)
def test_a_script(machine: Machine, given: str, expected: str) -> None:
    """A text is a script; an interpreter that it names runs it."""
    told, counts = run_role(machine, scheduled_events_command=given)
    assert counts["failed"] == 0, told
    mark = yaml.safe_load((ROLE / "vars/main.yml").read_text())["scheduled_events_mark"]
    assert (machine.etc / "azure-imds-facts/on-event").read_text() == expected.replace("{mark}", mark)


def test_bad_arguments(machine: Machine) -> None:
    """What the program would refuse fails the play, before anything is touched, and the message names the variable."""
    cases: list[dict[str, Any]] = [
        {"scheduled_events_state": "gone"},
        {"scheduled_events_command": []},
        {"scheduled_events_command": " "},
        {"scheduled_events_command": {"run": "drain"}},
        {"scheduled_events_command": ["drain"]},
        {"scheduled_events_command": ["/usr/local/sbin/drain", 5]},
        {"scheduled_events_types": ["Reboots"]},
        {"scheduled_events_types": ["Reboot --exec=/bin/sh"]},
        {"scheduled_events_approve_freeze_below": "soon"},
        {"scheduled_events_approve_freeze_below": -1},
        {"scheduled_events_timeout": 0},
        {"scheduled_events_settings": "AZURE_IMDS_DETECT=skip"},
        {"scheduled_events_settings": {"AZURE_IMDS_DETECT": "never"}},
        {"scheduled_events_settings": {"AZURE_IMDS_GATHER": "tags"}},
        {"scheduled_events_settings": {"AZURE_IMDS_ENDPOINT": "http://imds.example"}},
        {"scheduled_events_settings": {"AZURE_IMDS_DETECT": "skip\nPATH=/tmp"}},
        {"scheduled_events_directory": "/opt/x/"},
        {"scheduled_events_directory": "/home/me/facts"},
        {"scheduled_events_python": "/usr/bin/python3.0"},
    ]
    local = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "scheduled_events_command": COMMAND,
    }
    hosts = {f"case{number}": {**local, **wrong} for number, wrong in enumerate(cases)}
    inventory = machine.folder / "hosts.json"
    inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
    told, counts = run_role(machine, "--inventory", str(inventory), "--forks", "10")
    assert (counts["failed"], counts["changed"]) == (len(cases), 0), told
    for number, wrong in enumerate(cases):
        assert re.search(rf'(?m)^(fatal|failed): \[case{number}\].*"msg": ".*{next(iter(wrong))}', told), (wrong, told)
    assert "There is no type of event 'reboots'" in told
    assert "AZURE_IMDS_DETECT cannot be 'never'. Give `auto` or `skip`." in told
    assert not (machine.etc / "systemd").exists()


def test_what_stands_in_the_way(machine: Machine) -> None:
    """A masked unit, and a drop-in that has the watch run the command, stop the role before it changes anything."""
    units = machine.etc / "systemd/system"
    (units / f"{UNITS[0]}.d").mkdir(parents=True)
    drop_in = units / f"{UNITS[0]}.d/approve.conf"
    drop_in.write_text("[Service]\nExecStart=\nExecStart=/x events --watch --exec /y --approve-on-success\n")
    told, counts = run_role(machine, scheduled_events_command=COMMAND)
    assert (counts["failed"], counts["changed"]) == (1, 0), told
    assert "approve.conf would have the watcher run the command" in told
    drop_in.unlink()
    (units / UNITS[1]).symlink_to("/dev/null")
    told, counts = run_role(machine, scheduled_events_command=COMMAND)
    assert (counts["failed"], counts["changed"], os.readlink(units / UNITS[1])) == (1, 0, "/dev/null"), told
    assert f"systemctl unmask {UNITS[1]}" in told


def test_a_command_of_others_stays(machine: Machine) -> None:
    """A command that the role has not written is not removed, nor is what else is in its folder."""
    folder = machine.etc / "azure-imds-facts"
    folder.mkdir(parents=True)
    (folder / "on-event").write_text("#!/bin/sh\n")
    told, counts = run_role(machine, scheduled_events_state="absent")
    assert (counts["failed"], counts["changed"]) == (0, 0), told
    assert (folder / "on-event").exists()


def test_another_directory_and_a_newer_version(machine: Machine, systemd: dict[str, str]) -> None:
    """Where the directory changes the program of before goes; `--diff` shows versions; the watch is started anew."""
    given: dict[str, Any] = {"env": systemd, "scheduled_events_start": True, "scheduled_events_command": COMMAND}
    told, counts = run_role(machine, **given)
    assert counts["failed"] == 0, told
    assert read_calls(machine)[:3] == ["daemon-reload", f"enable {UNITS[0]}", f"start {UNITS[0]}"]
    told, counts = run_role(machine, "--diff", **given, scheduled_events_directory="/usr/local/lib/elsewhere")
    assert counts["failed"] == 0, told
    assert read_calls(machine)[-1] == f"restart {UNITS[0]}"
    found = sorted(machine.run_ok("find", "/usr/local/lib", "-name", "azure-imds*").split())
    assert found == [f"/usr/local/lib/elsewhere/azure-imds-events{end}" for end in ("", ".version")]
    assert re.search(r"\+azure-imds-facts \d+\.\d+\.\d+\n\+sha256 ", told)
    assert len(told) < 30_000


def test_the_program_watches(machine: Machine) -> None:
    """What was put there hears of an event, hands it over, and runs the command for it."""
    told, counts = run_role(machine, scheduled_events_command=COMMAND)
    assert counts["failed"] == 0, told
    with Emulator() as imds:
        imds.event("Reboot")
        script = f"""
import os, socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("{machine.folder}/s")
listener.listen()
words = ["/usr/bin/python3", "-I", "{PROGRAM}", "events"]
flags = ["--watch", "--hand-over", "{machine.folder}/s", "--state", "{machine.folder}/state/e.json", "--vm-name", "web-01"]
watch = subprocess.Popen([*words, *flags])
connection, _address = listener.accept()
taking = [*words, "--take-over", "cat > {machine.folder}/event"]
code = subprocess.run(taking, stdin=connection.fileno(), check=False).returncode
connection.close()
watch.terminate()
sys.exit(code or watch.wait())
"""
        env = {"AZURE_IMDS_ENDPOINT": imds.url, "RUNTIME_DIRECTORY": str(machine.folder / "records")}
        machine.run_ok("/usr/bin/python3", "-c", script, **env)
    wait_for((machine.folder / "event").exists)
    event = json.loads((machine.folder / "event").read_text())
    assert (event["change"], event["event_type"]) == ("scheduled", "Reboot")
    done = machine.run(PROGRAM, "facts")
    assert (done.returncode, "usage: Cannot do facts. Give: events, and flags." in done.stderr) == (2, True)


def test_every_variable_is_described() -> None:
    """The variables with defaults are those of the argument specification, with the same defaults."""
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    described = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    assert set(described) == set(defaults)
    for name, spec in described.items():
        assert spec.get("default", defaults[name]) == defaults[name], name


def test_example() -> None:
    """The example in docs/events-service.md is a play whose variables the role has; so is that of the role's own page."""
    described = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    for page in (CHECKOUT / "docs/events-service.md", ROLE / "README.md"):
        (written,) = yaml.safe_load(page.read_text().partition("```yaml\n")[2].partition("```")[0])
        (role,) = written["roles"]
        assert set(role) - {"role"} <= set(described)
