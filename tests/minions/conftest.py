# SPDX-License-Identifier: Apache-2.0
"""A fleet: a master and three minions on emulated VMs, two with the package, one with what the master syncs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator
from lab.places import short_folder
from lab.salted import reserved_ports, salt_master, write_master_config

from tests.e2e.shell import Shell
from tests.minions.bare import build_bare_python
from tests.minions.daemons import Master, Minion

# Minion → what its VM is.
VMS: dict[str, dict[str, Any]] = {
    "web": {
        "zone": "1",
        "vmSize": "Standard_D2s_v3",
        "platformFaultDomain": "0",
        "tags": {"env": "prod", "role": "web"},
    },
    "db": {
        "zone": "2",
        "vmSize": "Standard_E8s_v5",
        "platformFaultDomain": "1",
        "tags": {"env": "prod", "role": "db", "ns:team": "core", "Cost Center": "42"},
    },
    "files": {"zone": "3", "vmSize": "Standard_B2s", "platformFaultDomain": "1", "tags": {"env": "dev", "role": "web"}},
}
SYNCED = "files"


@dataclass
class Fleet:
    """What runs; `add` starts one more minion's VM, and configures that minion without starting it."""

    master: Master
    ports: tuple[int, int]
    bare_bin: Path
    stack: ExitStack
    minions: dict[str, Minion] = field(default_factory=dict)

    def add(self, name: str, **how: Any) -> Minion:
        """Return a minion that the test starts, and ends itself or leaves to the end of all."""
        imds = self.stack.enter_context(Emulator())
        minion = Minion(self.master.folder / name, imds, ports=self.ports, **how)
        self.stack.callback(minion.end)
        return minion

    def salt(self, *arguments: str) -> dict[str, Any]:
        """Run `salt` on the master."""
        return self.master.salt(*arguments)


def describe_vm(imds: Emulator, *, tags: dict[str, str], **compute: str) -> None:
    """Make an emulated VM what VMS says."""
    for name, value in compute.items():
        imds.set(f"compute.{name}", value)
    for tag in imds.document["compute"]["tagsList"]:
        imds.untag(tag["name"])
    for name, value in tags.items():
        imds.tag(name, value)


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    """The master with its three minions, all of which have the grain."""
    with short_folder() as folder, ExitStack() as stack:
        shell = Shell(folder)
        ports = stack.enter_context(reserved_ports())
        master = Master(folder, shell)
        master.configure()
        stack.callback(master.prompt.close)
        write_master_config(folder, ports=ports)
        stack.enter_context(salt_master(folder, env=shell.env))
        running = Fleet(master, ports, build_bare_python(folder / "bare"), stack)
        shell.run_ok("azure-imds-facts", "export", "salt", str(master.salt_tree))
        for name, vm in VMS.items():
            bare = {"bin_dir": running.bare_bin} if name == SYNCED else {}
            running.minions[name] = running.add(name, **bare)
            describe_vm(running.minions[name].imds, **vm)
        for minion in running.minions.values():
            minion.begin()
        for minion in running.minions.values():
            minion.wait()
        master.salt(SYNCED, "saltutil.sync_all")
        master.wait_for(dict.fromkeys(VMS, True), "-G", "azure_imds:cloud:AzureCloud", "test.ping")
        yield running


@pytest.fixture
def add_minion(fleet: Fleet) -> Iterator[Callable[..., Minion]]:
    """A function that configures one more minion, which ends with the test."""
    added: list[Minion] = []

    def add(name: str, **how: Any) -> Minion:
        added.append(fleet.add(name, **how))
        return added[-1]

    yield add
    for minion in added:
        minion.end()
        fleet.master.forget(minion.name)
