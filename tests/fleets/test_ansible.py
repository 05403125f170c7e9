# SPDX-License-Identifier: Apache-2.0
"""Ansible on a fleet, by the inventory that the emulator writes: every host its own facts, and groups from the cache."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from lab.processes import running

from tests.e2e.shell import Shell
from tests.fleets.ansible import Controller, describe, measure_cache, parse_results
from tests.fleets.emulated import RunningFleet, expect_vms, run_fleet, write_fleet
from tests.fleets.forms import HOSTS, TIMEOUT_S

VMS = expect_vms(HOSTS)
# What a host's facts take in the fact cache; 6,720 were measured.
MOST_CACHED = 7_500


@contextmanager
def started(shell: Shell) -> Iterator[tuple[RunningFleet, Controller]]:
    """Run a fleet, and return it with an Ansible that knows it."""
    write_fleet(shell.folder / "fleet.yml", HOSTS)
    with run_fleet(shell.folder, shell.env, shell.folder / "fleet.yml") as fleet:
        yield fleet, Controller(fleet, shell.env, timeout_s=TIMEOUT_S)


def test_every_host_its_own_facts(shell: Shell) -> None:
    """Each host has its VM's facts and none a neighbour's, by one request; the cached facts make exact groups."""
    with started(shell) as (fleet, controller):
        results = controller.gather()
        assert {name: result.source for name, result in results.items()} == dict.fromkeys(VMS, "imds")
        assert {name: describe(result.facts) for name, result in results.items()} == {
            name: (name, vm) for name, vm in VMS.items()
        }
        for unique in ("compute_vm_id", "network_private_ipv4", "network_mac_address", "compute_resource_id"):
            assert len({result.facts[f"azure_imds_{unique}"] for result in results.values()}) == HOSTS
        assert fleet.count_requests() == dict.fromkeys(VMS, 1)
        assert fleet.count_requests("/") == dict.fromkeys(VMS, 1)
    # From here on only the cache knows.
    assert {name: describe(facts) for name, facts in controller.read_cache().items()} == {
        name: (name, vm) for name, vm in VMS.items()
    }
    groups = controller.list_groups()
    for prefix, of in (("zone", "zone"), ("fault_domain", "fault_domain"), ("size", "size"), ("env", "env")):
        wanted: dict[str, set[str]] = {}
        for name, vm in VMS.items():
            wanted.setdefault(f"azure_{prefix}_{getattr(vm, of)}", set()).add(name)
        assert {name: hosts for name, hosts in groups.items() if name.startswith(f"azure_{prefix}_")} == wanted
    assert measure_cache(controller.facts_dir) <= MOST_CACHED


def test_the_emulator_dies_in_the_middle_of_a_run(shell: Shell) -> None:
    """No wrong fact: what came before is IMDS's, what is kept is named stale, and all else fails and says why."""
    # Fewer of many: they are hosts of one more run.
    kept = sorted(VMS)[:: 2 if HOSTS < 100 else 4]
    limit = shell.folder / "kept"
    limit.write_text("\n".join(kept))
    with started(shell) as (fleet, controller):
        assert set(controller.gather("", "--limit", f"@{limit}")) == set(kept)
        words = controller.build_command("azure_imds_facts", "cache_ttl=0 timeout=3")
        # To a file: what nobody reads from a pipe would hold the run up.
        with running(words, env=controller.env, log=shell.folder / "printed") as run:
            wait_for_requests(fleet, len(kept) + HOSTS // 3)
            fleet.kill()
            run.wait(timeout_s=TIMEOUT_S)
        results = parse_results(run.read_log())
    assert set(results) == set(VMS)
    for name, result in results.items():
        if result.is_failed:
            assert result.source == "unreachable", result.content
            assert name not in kept, result.content["msg"]
            assert "http://127." in result.content["msg"]
            assert "refused" in result.content["msg"].lower(), result.content["msg"]
        else:
            assert describe(result.facts) == (name, VMS[name])
            assert result.source in (("imds", "stale") if name in kept else ("imds",))
    sources = [result.source for result in results.values()]
    print({source: sources.count(source) for source in set(sources)})
    assert {"imds", "stale", "unreachable"} == set(sources)


def wait_for_requests(fleet: RunningFleet, count: int) -> None:
    """Wait until the fleet has had so many requests."""
    deadline = time.monotonic() + TIMEOUT_S
    while sum(fleet.count_requests().values()) < count:
        assert time.monotonic() < deadline, "the run does not begin"
        time.sleep(0.05)


@pytest.mark.parametrize("way", ["address", "port"])
def test_the_inventory_works_for_any_module(shell: Shell, way: str, tmp_path: Path) -> None:
    """A play without a word of the emulator meets each host's own VM, by address and by port."""
    play = tmp_path / "play.yml"
    play.write_text(
        "- hosts: emulated_fleet\n  gather_facts: false\n  tasks:\n"
        "    - {name: Ask, azure_imds.facts.azure_imds_info: {gather_subset: compute}, register: imds}\n"
        "    - name: Compare\n"
        "      ansible.builtin.assert: {that: imds.metadata.azure_imds_compute_name == inventory_hostname}\n"
    )
    with run_fleet(shell.folder, shell.env, "3", "--fleet-by", way) as fleet:
        controller = Controller(fleet, shell.env, timeout_s=TIMEOUT_S)
        told = controller.run(["ansible-playbook", str(play)])
    assert told.count("failed=0") == 3
