# SPDX-License-Identifier: Apache-2.0
"""Fleet files, and groups from Python: what they make, and errors with their location."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure_imds_facts.emulator import EmulatedFleet, EmulatorError
from azure_imds_facts.emulator.fleet.groups import GROUP_KEYS

pytest.importorskip("yaml", reason="PyYAML is not installed")

FULL = """
cloud: government
tags: {company: example}
rate_limit: 0
fleet:
  - count: 12
    name: web-{n:02}
    vm: [spot, trusted-launch]
    zones: [1, 3]
    fault_domains: 2
    sizes: [Standard_D2s_v5, Standard_D4s_v5]
    tags: {env: [prod, test], Number: "{n}", where: "z{zone}f{fault_domain}"}
    set:
      compute.location: [usgovvirginia, usgovtexas]
      compute.priority: Low
  - count: 5
    scale_set: {name: "job-{set}", instances: 2}
    tags: {env: batch, set: "{scale_set}/{instance}"}
  - 3
"""


def test_every_key_takes_effect(tmp_path: Path) -> None:
    """Each VM has what its group says, and what the scenario says of all."""
    path = tmp_path / "fleet.yaml"
    path.write_text(FULL)
    fleet = EmulatedFleet(str(path))
    assert [*fleet.vms][:3] == ["web-00", "web-01", "web-02"]
    assert [*fleet.vms][12:] == ["job-0_0", "job-0_1", "job-1_0", "job-1_1", "job-2_0", "vm-0", "vm-1", "vm-2"]
    web = [fleet[f"web-{number:02}"].document["compute"] for number in range(12)]
    assert [vm["zone"] for vm in web] == ["1", "3"] * 6
    assert [vm["platformFaultDomain"] for vm in web] == ["0", "0", "1", "1"] * 3
    assert [vm["vmSize"] for vm in web[:3]] == ["Standard_D2s_v5", "Standard_D4s_v5", "Standard_D2s_v5"]
    assert [vm["location"] for vm in web[:2]] == ["usgovvirginia", "usgovtexas"]
    assert web[1]["physicalZone"] == "usgovtexas-az3"
    assert web[3]["tags"] == "env:test;role:web;company:example;Number:3;where:z3f1"
    assert {vm["priority"] for vm in web} == {"Low"}
    assert {vm["securityProfile"]["securityType"] for vm in web} == {"TrustedLaunch"}
    job = fleet["job-1_0"].document["compute"]
    assert (job["vmScaleSetName"], job["osProfile"]["computerName"]) == ("job-1", "job-1000000")
    assert job["resourceId"].endswith("/virtualMachineScaleSets/job-1/virtualMachines/0")
    assert job["tags"].endswith("env:batch;set:job-1/0") or "env:batch" in job["tags"]
    assert job["placementGroupId"] != fleet["job-0_0"].document["compute"]["placementGroupId"]
    assert {vm.document["compute"]["azEnvironment"] for vm in fleet.vms.values()} == {"AzureUSGovernmentCloud"}


def test_every_key_is_tried() -> None:
    """The file above has every key of a group."""
    assert [key for key in GROUP_KEYS if f"{key}:" not in FULL] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("fleet: {count: 0}", "1:16: '0' is not a whole number from 1 to 20000"),
        ("fleet: x", "1:8: expected a number of VMs, or a mapping, not 'x'"),
        ("fleet: 0", "1:8: 0 VMs; allowed: 1 to 20000"),
        ("fleet: []", "1:8: expected a group, or a list of them"),
        ("fleet:\n- count: 2\n  zonse: 3", "3:3: unknown key 'zonse' of a group; allowed: count, name, vm, zones"),
        ("fleet: {name: a}", "1:8: a group needs a count"),
        (
            "fleet: {count: 2, name: a}",
            "1:8: name: every VM would get the same name; put {n} into the name",
        ),
        ("fleet: {count: 2, name: 'a{m}'}", "1:25: pattern 'a{m}': unknown '{m}'; allowed: n, zone"),
        ("fleet: {count: 2, name: 'a{size}{n}'}", "1:25: name 'a{size}{n}': allowed in it: {n}, {zone}"),
        ("fleet: {count: 2, name: '../{n}'}", "1:25: name '../0'; allowed: up to 64 letters, digits, -, _ and ."),
        ("fleet: {count: 2, zones: 10}", "1:26: '10' is not a whole number from 0 to 9"),
        ("fleet: {count: 2, fault_domains: 0}", "1:34: '0' is not a whole number from 1 to 100"),
        ("fleet: {count: 2, sizes: []}", "1:26: expected a value, or a list of them"),
        ("fleet: {count: 2, sizes: 'S{n}'}", "1:26: sizes: expected names of sizes"),
        ("fleet: {count: 2, vm: toaster}", "1:23: unknown machine 'toaster'"),
        (
            "fleet: {count: 2, vm: classic}",
            "1:23: a fleet of machine 'classic': it has no compute section; allowed: linux",
        ),
        ("vm: arc\nfleet: 2", "a fleet of machine 'arc': it is in no zone and no fault domain"),
        ("document: d\nraw: true\nfleet: 2", "d: no such file"),
        ("fleet: {count: 2, tags: {a: b, c: '{'}}", "1:35: pattern '{': a lone '{'"),
        ("fleet: {count: 2, tags: x}", "1:25: expected a mapping"),
        ("fleet: {count: 2, tags: {a: b, a: c}}", "1:32: duplicate key 'a'"),
        ("fleet: {count: 2, set: {compute.zome: 1}}", "1:25: compute.zome: no field 'zome' in compute"),
        ("fleet: {count: 2, set: {compute.zone: 1}}", "1:25: compute.zone: a fleet takes this from the key 'zones'"),
        ("fleet: {count: 2, set: {compute.plan: x}}", "1:25: compute.plan: a fleet sets single values"),
        ("fleet: {count: 2, tags: {a: '{set}'}}", "1:8: set in a pattern: this group has no scale_set"),
        ("fleet: {count: 2, scale_set: web}", "1:30: expected a mapping with name and instances"),
        ("fleet: {count: 2, scale_set: {name: a_b, instances: 2}}", "1:30: name 'a_b': allowed in it: {set}, and no _"),
        ("fleet: {count: 3, scale_set: {name: a, instances: 2}}", "1:8: scale_set: 2 sets would get the same name"),
        ("fleet: {count: 2, name: 'a{n}', scale_set: {name: a, instances: 2}}", "1:8: name excludes scale_set"),
        ("fleet: [2, 2]", "two VMs are called 'vm-0'; give their groups other names"),
        ("cloud: mars\nfleet: 2", "1:8: unknown cloud 'mars'"),
        ("zones: 3", "no key 'fleet'; --scenario reads a file about one machine"),
        ("", "no key 'fleet'"),
        ("fleet: [", "not YAML"),
    ],
)
def test_refuse(tmp_path: Path, text: str, problem: str) -> None:
    """What makes no sense is one line, with its place in the file wherever one place is wrong."""
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    with pytest.raises(EmulatorError) as caught:
        EmulatedFleet(str(path))
    assert problem in str(caught.value)
    if problem[0].isdigit() and ":" in problem.split(" ", maxsplit=1)[0]:
        assert str(caught.value).startswith(f"{path}:{problem.split(' ', maxsplit=1)[0]}")


@pytest.mark.parametrize(
    ("group", "problem"),
    [
        ({"count": 2, "zonse": 3}, "unknown key 'zonse' of a group"),
        ({"count": True}, "count: True is not a whole number"),
        ({"count": 2, "zones": None}, "zones: None is not a whole number"),
        ({"count": 2, "tags": ["a"]}, "tags: expected a mapping, not ['a']"),
        ({"count": 2, "tags": {"a": None}}, "tags: expected text, not None"),
        (
            {"count": 2, "set": {"network.interface[0].macAddress": "x", "compute.name": "y"}},
            "compute.name: a fleet takes this from the key 'name'",
        ),
        (20_001, "20001 VMs; allowed: 1 to 20000"),
    ],
)
def test_refuse_from_python(group: object, problem: str) -> None:
    """From Python the message names the key."""
    with pytest.raises(EmulatorError) as caught:
        EmulatedFleet(group)  # type: ignore[arg-type]
    assert problem in str(caught.value)
