# SPDX-License-Identifier: Apache-2.0
"""Machines for the tests of the role: bare ones, and ones where it has run already."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from lab.places import short_folder

from tests.collection.machine import Machine, copy_machine
from tests.collection.role import Played, install, play, put_systemctl, read_calls
from tests.e2e.conftest import shell, start_vm, vm

__all__ = ["shell", "start_vm", "vm"]

SETTINGS = {
    "AZURE_IMDS_GATHER": ["compute", "tags"],
    "AZURE_IMDS_TIMEOUT": 20,
    "AZURE_IMDS_REVEAL": [],
    "AZURE_IMDS_CACHE_DIR": "/run/azure-imds-facts/own",
}


@pytest.fixture
def machine() -> Iterator[Machine]:
    """A machine of this test's own."""
    if os.geteuid() != 0:
        pytest.skip("mounts over /etc, which only root may")
    with short_folder() as folder:
        yield Machine(folder)


@pytest.fixture(scope="session")
def once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """A function that makes a machine what `build` makes of one, and returns `build`'s result, which JSON can hold.

    What has a name is built once a run, not once a worker: the other machines are copies.
    """
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base

    def become(machine: Machine, name: str, build: Callable[[Machine], Any]) -> Any:
        snapshot = shared / f"machine-{name}"
        result = snapshot / "result.json"
        with (shared / f"machine-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not result.exists():
                with short_folder() as folder:
                    built = build(Machine(folder))
                    copy_machine(folder, snapshot)
                result.write_text(json.dumps(built))
        copy_machine(snapshot, machine.folder)
        return json.loads(result.read_text())

    return become


@pytest.fixture(name="systemd")
def _systemd(machine: Machine) -> dict[str, str]:
    """The environment of a play that meets the test's stand-in for systemctl; `read_calls` returns its calls."""
    return put_systemctl(machine)


@pytest.fixture(name="installed")
def _installed(machine: Machine, once: Callable[..., Any]) -> Machine:
    """A machine where the role was run as it comes."""
    once(machine, "installed", install)
    return machine


@pytest.fixture(name="renewed")
def _renewed(machine: Machine, once: Callable[..., Any]) -> Played:
    """An installed machine whose program was replaced, after a run with other settings."""

    def renew(built: Machine) -> Any:
        once(built, "installed", install)
        (built.local / "lib/azure-imds-facts/azure-imds-facts").write_text("#!/bin/false\n")
        return [*play(built, local_facts_settings=SETTINGS), []]

    return Played(machine, *once(machine, "renewed", renew))


@pytest.fixture(name="started")
def _started(machine: Machine, systemd: dict[str, str], once: Callable[..., Any]) -> Played:
    """A machine where systemd runs, after the role has enabled and started what it does, beside another role."""

    def start(built: Machine) -> Any:
        env = put_systemctl(built)
        theirs = built.folder / "roles/theirs"
        for part, tasks in {
            "tasks": [{"name": "Notify", "command": "true", "notify": "Theirs"}],
            "handlers": [{"name": "Theirs", "command": "true"}],
        }.items():
            (theirs / part).mkdir(parents=True)
            (theirs / part / "main.yml").write_text(json.dumps(tasks))
        return [*play(built, before=("theirs",), env=env, local_facts_start=True), read_calls(built)]

    return Played(machine, *once(machine, "started", start))
