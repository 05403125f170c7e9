# SPDX-License-Identifier: Apache-2.0
"""Fleets: many hosts, hosts that are not on Azure, groups made of facts, facts in a cache."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.e2e.shell import Shell

EXAMPLES = CHECKOUT / "examples"
# Host → zone, fault domain and tag of its VM.
VMS = {"a": ("1", "0", "prod"), "b": ("2", "1", "prod"), "c": ("1", "2", "test"), "d": ("3", "0", "test")}
ADDED = "fail_on: never\n      gather_subset:\n        - compute"
SIZE = "azure_size_Standard_D2s_v3"


@pytest.fixture
def imds() -> Iterator[dict[str, Emulator]]:
    """An emulated VM for each host of VMS."""
    with ExitStack() as stack:
        machines = {}
        for name, (zone, domain, env) in VMS.items():
            machine = machines[name] = stack.enter_context(Emulator())
            machine.set("compute.name", f"vm-{name}")
            machine.set("compute.zone", zone)
            machine.set("compute.platformFaultDomain", domain)
            machine.tag("env", env)
        yield machines


@pytest.fixture
def fleet(shell: Shell, imds: dict[str, Emulator]) -> Path:
    """The folder of an inventory with these hosts, and `off`, which is not on Azure."""
    folder = shell.folder / "inventory"
    folder.mkdir()
    hosts: dict[str, dict[str, Any]] = {name: on(machine.url, shell, name) for name, machine in imds.items()}
    hosts["off"] = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts}}))
    (folder / "z_azure.constructed.yml").write_text((EXAMPLES / "inventory/z_azure.constructed.yml").read_text())
    shell.env["ANSIBLE_INVENTORY"] = str(folder)
    return folder


def on(endpoint: str, shell: Shell, name: str) -> dict[str, Any]:
    """Return the variables of a host whose IMDS this is: the environment of its modules, as of a login there."""
    wrapper = shell.folder / f"python-{name}"
    wrapper.write_text(
        f"#!/bin/sh\nexport AZURE_IMDS_ENDPOINT={endpoint} AZURE_IMDS_CACHE_DIR={shell.folder}/cache-{name}\n"
        f'exec python3 "$@"\n'
    )
    wrapper.chmod(0o755)
    return {"ansible_connection": "local", "ansible_python_interpreter": str(wrapper)}


def play(shell: Shell, name: str) -> str:
    """Run an example and return what it printed."""
    return shell.run_ok("ansible-playbook", str(EXAMPLES / name))


@pytest.mark.usefixtures("fleet")
def test_mixed_fleet(shell: Shell) -> None:
    """With setup in gather_facts, options from module_defaults, and a host off Azure: no failure, no network facts."""
    told = play(shell, "gather_facts.yml")
    assert "off runs Linux off Azure" in told
    for name in VMS:
        assert f"{name} runs Linux in westeurope" in told
    assert not re.search("failed=[1-9]", told)


@pytest.mark.usefixtures("fleet")
def test_gathering_outlasts_an_imds_that_hangs(shell: Shell, imds: dict[str, Emulator]) -> None:
    """With `fail_on: never` the host stays in the play: Ansible waits for the module's own timeout, five seconds."""
    imds["b"].fault("hang*forever")
    text = (EXAMPLES / "gather_facts.yml").read_text().replace("gather_subset:\n        - compute", ADDED)
    (shell.folder / "play.yml").write_text(text)
    told = shell.run_ok("ansible-playbook", str(shell.folder / "play.yml"), "-l", "a,b")
    assert "a runs Linux in westeurope" in told
    assert "b runs Linux off Azure" in told
    assert not re.search("(failed|unreachable)=[1-9]", told)


@pytest.mark.usefixtures("fleet")
def test_groups_in_a_play(shell: Shell) -> None:
    """The play for zone 1 has its hosts alone."""
    told = play(shell, "zones.yml")
    assert sorted(re.findall(r"([a-z]+) is a Standard_\w+ in zone 1", told)) == ["a", "c"]


@pytest.mark.usefixtures("fleet")
def test_fault_domains(shell: Shell) -> None:
    """One domain after the other, its machines at once."""
    told = play(shell, "fault_domains.yml")
    assert worked_on(told) == ["a d", "b", "c"]
    assert "off is not on Azure: it is left alone" in told


@pytest.mark.usefixtures("fleet")
def test_fault_domains_of_any_number(shell: Shell, imds: dict[str, Emulator]) -> None:
    """A domain without machines is no batch, one of any number is, and machines of which no domain is told come last."""
    for name, domain in {"a": "", "b": "10", "c": "3", "d": "0:all"}.items():
        imds[name].set("compute.platformFaultDomain", domain)
    assert worked_on(play(shell, "fault_domains.yml")) == ["b", "c", "a d"]


@pytest.mark.usefixtures("fleet")
def test_fault_domains_with_a_cap(shell: Shell, imds: dict[str, Emulator]) -> None:
    """No more machines than said are worked on at once, and never those of two domains."""
    for name, domain in {"a": "0", "b": "0", "c": "0", "d": "1"}.items():
        imds[name].set("compute.platformFaultDomain", domain)
    told = shell.run_ok("ansible-playbook", str(EXAMPLES / "fault_domains.yml"), "-e", "at_once=2")
    sizes = [len(batch.split()) for batch in worked_on(told)]
    assert sizes == [2, 1, 1]
    assert worked_on(told)[2] == "d"


@pytest.mark.usefixtures("fleet")
def test_fault_domains_off_azure(shell: Shell) -> None:
    """Where no host is on Azure there is nothing to do, and no failure."""
    told = shell.run_ok("ansible-playbook", str(EXAMPLES / "fault_domains.yml"), "--limit", "off")
    assert worked_on(told) == []
    assert "no hosts matched" in told


def worked_on(told: str) -> list[str]:
    """Return the batches that a run of fault_domains.yml tells; hosts of one domain are in the order of their answers."""
    return [" ".join(sorted(batch.split())) for batch in re.findall(r'"msg": "([a-d ]+)"', told)]


def test_cached_groups_and_what_a_cache_keeps(shell: Shell, fleet: Path, imds: dict[str, Emulator]) -> None:
    """Groups come from cached facts; a tag that was removed, and a host that left Azure, leave facts behind there."""
    cached = {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(shell.folder / "facts"),
    }
    shell.run_ok("ansible", "all", "-m", "azure_imds_facts", "-a", "cache_ttl=0", **cached)
    listed = json.loads(shell.run_ok("ansible-inventory", "--list", **cached))
    assert listed["azure_zone_1"]["hosts"] == ["a", "c"]
    assert listed["azure_env_prod"]["hosts"] == ["a", "b"]
    assert sorted(listed[SIZE]["hosts"]) == sorted(VMS)
    assert sorted(listed["on_azure"]["hosts"]) == sorted(VMS)
    imds["a"].untag("env")
    # Host b leaves Azure: its modules find no VM any more.
    (shell.folder / "python-b").write_text('#!/bin/sh\nexport AZURE_IMDS_DISABLED=1\nexec python3 "$@"\n')
    shell.run_ok("ansible", "all", "-m", "azure_imds_facts", "-a", "cache_ttl=0", **cached)
    kept = {name: find_facts(shell.folder / "facts", name) for name in ("a", "b")}
    assert kept["a"]["azure_imds_tags_env"] == "prod"  # the flat name stays
    assert "env" not in kept["a"]["azure_imds_tags"]  # the mapping is as it is now
    assert kept["b"]["azure_imds_available"] is False
    assert kept["b"]["azure_imds_compute_zone"] == "2"
    listed = json.loads(shell.run_ok("ansible-inventory", "--list", **cached))
    assert sorted(listed["on_azure"]["hosts"]) == ["a", "c", "d"]
    assert sorted(listed[SIZE]["hosts"]) == ["a", "c", "d"]
    assert "azure_env_prod" not in listed  # a was untagged, b is not on Azure any more
    assert "azure_zone_2" not in listed
    shell.run_ok("ansible-playbook", str(EXAMPLES / "gather_facts.yml"), "--flush-cache", **cached)
    assert "azure_imds_tags_env" not in find_facts(shell.folder / "facts", "a")
    assert "azure_imds_compute_zone" not in find_facts(shell.folder / "facts", "b")


def find_facts(folder: Path, host: str) -> dict[str, Any]:
    """Return a host's facts in a jsonfile cache, whatever this version of Ansible wraps them in."""
    (path,) = folder.glob(f"*{host}")
    content = json.loads(path.read_text())
    payload = content.get("__payload__", content)
    facts: dict[str, Any] = json.loads(payload) if isinstance(payload, str) else payload
    return facts


def test_fifty_hosts(shell: Shell) -> None:
    """Every host has its own VM's facts, and none a neighbour's."""
    names = [f"host{number:02}" for number in range(50)]
    with ExitStack() as stack:
        hosts = {}
        for number, name in enumerate(names):
            machine = stack.enter_context(Emulator())
            machine.set("compute.name", f"vm-{name}")
            machine.tag("number", str(number))
            hosts[name] = on(machine.url, shell, name)
        inventory = shell.folder / "fifty.yml"
        inventory.write_text(json.dumps({"all": {"hosts": hosts}}))
        told = shell.run_ok("ansible", "-i", str(inventory), "-f", "10", "-o", "all", "-m", "azure_imds_facts")
    found = {}
    for line in told.splitlines():
        host, _arrow, result = line.partition(" | SUCCESS => ")
        facts = json.loads(result)["ansible_facts"]
        found[host] = (facts["azure_imds_compute_name"], facts["azure_imds_tags"]["number"])
    assert found == {name: (f"vm-{name}", str(number)) for number, name in enumerate(names)}
