# SPDX-License-Identifier: Apache-2.0
"""Salt on a fleet: the grain of each VM, its size, and targets at a real master with as many minions as there is room for."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator

import pytest
from azure_imds_facts.emulator import EmulatedFleet
from lab.places import short_folder
from lab.salted import write_master_config

from tests.e2e.shell import Shell
from tests.fleets.emulated import Vm, expect_vms, run_fleet, write_fleet
from tests.fleets.forms import HOSTS, MINIONS
from tests.fleets.grains import collect_grains, describe, measure_grains
from tests.fleets.minions import limit_minions, run_minions, wait_for_grains
from tests.minions.daemons import Master

# Bytes of the grain of a VM with four tags; 2,890 were measured.
MOST_GRAIN = 3_400


def test_every_minion_its_own_grain(shell: Shell) -> None:
    """The grains of many VMs are each the VM's own, by one request each however often they load, and of a bounded size."""
    write_fleet(shell.folder / "fleet.yml", HOSTS)
    with EmulatedFleet(str(shell.folder / "fleet.yml")) as fleet:
        minions = fleet.minions()
        grains = collect_grains(minions, str(shell.folder)).grains
        assert collect_grains(minions, str(shell.folder)).grains == grains
        assert sorted(record.vm for record in fleet.requests) == sorted(fleet.vms)
    assert {name: describe(grain) for name, grain in grains.items()} == {
        name: (name, vm) for name, vm in expect_vms(HOSTS).items()
    }
    sizes = [measure_grains({"azure_imds": grain}) for grain in grains.values()]
    print(f"{sum(sizes) / len(sizes):.0f} bytes a grain, {max(sizes)} the largest")
    assert max(sizes) <= MOST_GRAIN


def test_salt_ssh_reads_the_roster(shell: Shell) -> None:
    """The roster has each VM's address, and salt-ssh finds it there."""
    write_master_config(shell.folder, ports=(1, 2))
    roster = shell.folder / "roster"
    with EmulatedFleet(3) as fleet:
        roster.write_text(json.dumps(fleet.roster()))
        flags = ["-c", str(shell.folder), "--roster-file", str(roster), "--out=json", "-l", "error", "--hosts"]
        (listed,) = json.loads(shell.run_ok("salt-ssh", *flags, "vm-*")).values()
        assert listed == {"vm-0": "127.0.0.1", "vm-1": "127.0.0.2", "vm-2": "127.0.0.3"}
        assert listed == {vm.name: vm.host for vm in fleet.vms.values()}


@pytest.fixture(name="master", scope="module")
def _master() -> Iterator[tuple[Master, dict[str, Vm]]]:
    """A master, and the VMs on which its minions run."""
    count = limit_minions(MINIONS)
    if not MINIONS:
        pytest.skip("many real minions: only `make test-fleet` and FLEET_MINIONS=12 run them")
    if count < 4:
        pytest.skip("this machine's memory holds no four minions")
    with short_folder() as folder:
        shell = Shell(folder)
        write_fleet(folder / "fleet.yml", count)
        with run_fleet(folder, shell.env, folder / "fleet.yml") as fleet, run_minions(shell, fleet.minions) as master:
            print(f"{count} minions")
            yield master, expect_vms(count)


Picks = Callable[[str, Vm], bool]
# Target → which VMs it is for.
TARGETS: list[tuple[tuple[str, ...], Picks]] = [
    (("-G", "azure_imds:compute:zone:1"), lambda name, vm: vm.zone == "1"),
    (("-G", "azure_imds:compute:zone:9"), lambda name, vm: False),
    (("-G", "azure_imds:compute:platformFaultDomain:0"), lambda name, vm: vm.fault_domain == "0"),
    (("-G", "azure_imds:compute:vmSize:Standard_D*"), lambda name, vm: "_D" in vm.size),
    (("-G", "azure_imds:compute:vmScaleSetName:job-0"), lambda name, vm: name.startswith("job-0_")),
    (("-G", "azure_imds:tags:env:prod"), lambda name, vm: vm.env == "prod"),
    (("-G", "azure_imds:tagPairs:number=3"), lambda name, vm: vm.number == "3"),
    (("--delimiter=|", "-G", "azure_imds|tags|env|test"), lambda name, vm: vm.env == "test"),
    (("-P", r"azure_imds:compute:zone:[23]"), lambda name, vm: vm.zone != "1"),
    (("-P", r"azure_imds:tags:number:^[0-4]$"), lambda name, vm: int(vm.number) < 5),
    (("-C", "G@azure_imds:tags:env:prod and not G@azure_imds:compute:zone:1"), lambda name, vm: (vm.env, vm.zone == "1") == ("prod", False)),
    (("-C", "P@azure_imds:compute:vmSize:.*_[EB].* or web-0000"), lambda name, vm: "_D" not in vm.size or name == "web-0000"),
    (("-C", "E@web-.* and G|@azure_imds|tags|env|prod"), lambda name, vm: name.startswith("web") and vm.env == "prod"),
    (("-C", "L@web-0000,web-0001 and G@azure_imds:compute:zone:2"), lambda name, vm: name == "web-0001"),
    (("-N", "prod_in_one"), lambda name, vm: (vm.env, vm.zone) == ("prod", "1")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("target", "picks"), TARGETS, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_target(master: tuple[Master, dict[str, Vm]], target: tuple[str, ...], picks: Picks) -> None:
    """Each matcher that knows grains picks exactly the minions whose VMs are so."""
    running, vms = master
    assert running.salt(*target, "test.ping") == {name: True for name, vm in vms.items() if picks(name, vm)}


def test_what_the_master_keeps(master: tuple[Master, dict[str, Vm]]) -> None:
    """The master has each minion's own grain; it is bounded in bytes, and unchanged by a refresh."""
    running, vms = master
    kept = {name: grains["azure_imds"] for name, grains in wait_for_grains(running, len(vms)).items()}
    assert {name: describe(grain) for name, grain in kept.items()} == {name: (name, vm) for name, vm in vms.items()}
    sizes = {name: measure_grains({"azure_imds": grain}) for name, grain in kept.items()}
    print(f"{sum(sizes.values()) / len(sizes):.0f} bytes a minion")
    assert max(sizes.values()) <= MOST_GRAIN
    running.salt("*", "azure_imds.refresh", "wait=True")
    again = {name: grains["azure_imds"] for name, grains in wait_for_grains(running, len(vms)).items()}
    assert again == kept


def test_every_pair_is_picked(master: tuple[Master, dict[str, Vm]]) -> None:
    """All zones and fault domains together are all minions, each once."""
    running, vms = master
    picked: list[str] = []
    for zone, domains in itertools.product("123", ("[01]", "[234]")):
        target = f"G@azure_imds:compute:zone:{zone} and G@azure_imds:compute:platformFaultDomain:{domains}"
        picked += running.salt("-C", target, "test.ping")
    assert sorted(picked) == sorted(vms)
