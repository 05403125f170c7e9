# SPDX-License-Identifier: Apache-2.0
"""Run a role that puts units on a host, with a stand-in for systemctl."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from typing import Any

from lab.places import CHECKOUT

from tests.collection.machine import Machine

COLLECTION = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
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


@dataclass
class Played:
    """A machine after one run of the role, what that printed and counted, and the calls of systemctl in it."""

    machine: Machine
    told: str
    counts: dict[str, int]
    calls: list[str]


def play(
    machine: Machine,
    *options: str,
    role: str = "local_facts",
    before: tuple[str, ...] = (),
    env: dict[str, str] | None = None,
    **variables: Any,
) -> tuple[str, dict[str, int]]:
    """Run a role, after those of `before`; return what Ansible printed, and its counts (`ok`, `changed`, `failed`)."""
    # This machine may not have been booted by systemd: what is enabled is not started.
    roles = [*before, {"role": f"azure_imds.facts.{role}", f"{role}_start": False, **variables}]
    written = machine.folder / "play.yml"
    hosts = "all" if "--inventory" in options else "localhost"
    written.write_text(json.dumps([{"hosts": hosts, "gather_facts": False, "roles": roles}]))
    words = ("sh", "-c", OWN_RUN, str(machine.folder / "run"), "ansible-playbook", str(written), *options)
    done = machine.run(*words, **(env or {}))
    counts: dict[str, int] = {}
    for name, count in re.findall(r"(\w+)=(\d+)", done.stdout.rpartition("PLAY RECAP")[2]):
        counts[name] = counts.get(name, 0) + int(count)
    return done.stdout + done.stderr, counts


def install(machine: Machine) -> None:
    """Run the role as it comes."""
    told, counts = play(machine)
    assert (counts["failed"], counts["changed"] > 0) == (0, True), told


def put_systemctl(machine: Machine) -> dict[str, str]:
    """Put that systemctl on a machine, and return the environment of a play there."""
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
