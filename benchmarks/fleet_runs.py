# SPDX-License-Identifier: Apache-2.0
"""A fleet of a thousand emulated VMs: the emulator itself, Ansible on every host, and Salt's grain of each.

Ansible by local connections and ten forks, so that controller and targets are one machine: a run costs here what a
controller and a thousand targets pay together.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING

from azure_imds_facts.emulator import EmulatedFleet
from lab.places import short_folder

from benchmarks.figures import Figure
from benchmarks.timing import Command, run_once
from tests.e2e.shell import Shell
from tests.fleets import ansible, grains, minions
from tests.fleets.emulated import expect_vms, read_cpu_s, read_memory_mib, run_fleet, write_fleet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fleets.emulated import RunningFleet

ROOM = "fleet"
_COUNT, _QUICK_COUNT, _MINIONS = 1000, 12, 16
_TIMEOUT_S = 7200.0


def measure(*, quick: bool) -> Iterator[Figure]:
    """Measure a fleet; `quick`: a small one, and no real minions."""
    count = _QUICK_COUNT if quick else _COUNT
    with short_folder() as folder:
        shell = Shell(folder)
        file = folder / "fleet.yml"
        write_fleet(file, count)
        began = time.perf_counter()
        with run_fleet(folder, shell.env, file) as fleet:
            took, cpu = time.perf_counter() - began, read_cpu_s(fleet.pid)
            yield Figure(
                ROOM, f"emulator: {count} VMs: to start, processor time", cpu, "CPU s", f"{took:.1f} s in all", 3
            )
            yield Figure(ROOM, f"emulator: {count} VMs: memory", read_memory_mib(fleet.pid), "MiB", "", 300)
            yield from _measure_ansible(fleet, shell, count)
            told = f"emulator: {count} VMs: memory after all of it"
            yield Figure(ROOM, told, read_memory_mib(fleet.pid), "MiB", "", 300)
    yield from _measure_grains(count)
    if not quick:
        yield from _measure_minions()


def _measure_ansible(fleet: RunningFleet, shell: Shell, count: int) -> Iterator[Figure]:
    controller = ansible.Controller(fleet, shell.env, timeout_s=_TIMEOUT_S)
    expected = {name: (name, vm) for name, vm in expect_vms(count).items()}
    spent = {}
    for what, module in (("ping", "ping"), ("the module", "azure_imds_facts")):
        print(f"  Ansible, {count} hosts: {what}", file=sys.stderr, flush=True)
        wall, cpu = run_once(Command(controller.build_command(module), controller.env))
        spent[what] = wall
        yield Figure(ROOM, f"Ansible, {count} hosts: {what}: a host", wall / count * 1000, "ms")
        yield Figure(ROOM, f"Ansible, {count} hosts: {what}: processor time a host", cpu / count * 1000, "CPU ms")
    yield Figure(ROOM, f"Ansible, {count} hosts: the module / ping", spent["the module"] / spent["ping"], "x")
    cached = controller.read_cache()
    wrong = sum(ansible.describe(cached[name]) != own for name, own in expected.items())
    yield Figure(ROOM, f"Ansible, {count} hosts: hosts with facts that are not their own", wrong, "", "", 0)
    asked = sum(fleet.count_requests().values())
    yield Figure(ROOM, f"Ansible, {count} hosts: requests to IMDS, a host", asked / count, "", "", 1)
    groups = controller.list_groups()
    misplaced = sum(name not in groups[f"azure_zone_{vm.zone}"] for name, vm in expect_vms(count).items())
    yield Figure(ROOM, f"Ansible, {count} hosts: hosts in a wrong group", misplaced, "", "", 0)
    yield Figure(ROOM, "Ansible: fact cache, a host", ansible.measure_cache(controller.facts_dir), "bytes", "", 7500)
    for what, source in (("without groups", fleet.inventory / "hosts.yml"), ("with its groups", fleet.inventory)):
        _wall, cpu = run_once(Command(["ansible-inventory", "-i", str(source), "--list"], controller.env))
        told = f"Ansible, {count} hosts: the inventory {what}: processor time a host"
        yield Figure(ROOM, told, cpu / count * 1000, "CPU ms")


def _measure_grains(count: int) -> Iterator[Figure]:
    print(f"  Salt: the grain of {count} VMs", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "fleet.yml"
        write_fleet(file, count)
        with EmulatedFleet(str(file)) as fleet:
            settings = fleet.minions()
            collected = grains.collect_grains(settings, folder)
            asked = len(fleet.requests)
    found = collected.grains
    wrong = sum(grains.describe(found[name]) != (name, vm) for name, vm in expect_vms(count).items())
    yield Figure(ROOM, f"Salt: the grain of {count} VMs in one process, a VM", collected.seconds / count * 1000, "ms")
    yield Figure(ROOM, f"Salt: the grain of {count} VMs: grains that are not their own", wrong, "", "", 0)
    yield Figure(ROOM, f"Salt: the grain of {count} VMs: requests to IMDS, a VM", asked / count, "", "", 1)
    sizes = [grains.measure_grains({"azure_imds": grain}) for grain in found.values()]
    yield Figure(ROOM, "Salt: a grain, as it is sent", mean(sizes), "bytes", f"{min(sizes)} to {max(sizes)}", 3400)


def _measure_minions() -> Iterator[Figure]:
    count = minions.limit_minions(_MINIONS)
    print(f"  Salt: {count} real minions", file=sys.stderr, flush=True)
    with short_folder() as folder:
        shell = Shell(folder)
        write_fleet(folder / "fleet.yml", count)
        with (
            run_fleet(folder, shell.env, folder / "fleet.yml") as fleet,
            minions.run_minions(shell, fleet.minions) as master,
        ):
            kept = minions.wait_for_grains(master, count)
            asked = sum(fleet.count_requests().values())
            began = time.perf_counter()
            picked = master.salt("-G", "azure_imds:compute:zone:1", "test.ping")
            took = time.perf_counter() - began
    wrong = sum(grains.describe(kept[name]["azure_imds"]) != (name, vm) for name, vm in expect_vms(count).items())
    missed = set(picked) ^ {name for name, vm in expect_vms(count).items() if vm.zone == "1"}
    told = f"Salt: a master with {count} minions"
    yield Figure(ROOM, f"{told}: grains there that are not the minion's own", wrong, "", "", 0)
    yield Figure(ROOM, f"{told}: minions that a target by zone missed, or took wrongly", len(missed), "", "", 0)
    yield Figure(ROOM, f"{told}: requests to IMDS, a minion, from its start on", asked / count, "", "", 1)
    yield Figure(ROOM, f"{told}: a ping by zone", took, "s")
    own = mean(grains.measure_grains({"azure_imds": each["azure_imds"]}) for each in kept.values())
    everything = mean(grains.measure_grains(each) for each in kept.values())
    yield Figure(
        ROOM,
        f"{told}: bytes of the grain there, a minion",
        own,
        "bytes",
        f"of {everything:.0f} of all its grains",
        3400,
    )
