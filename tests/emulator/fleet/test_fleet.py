# SPDX-License-Identifier: Apache-2.0
"""A fleet that serves: each VM at its own address, with values of its own, and changes to some of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import EmulatedFleet, EmulatorError
from azure_imds_facts.emulator.control.client import send_changes

from tests.emulator.client import get_instance, send_request

Start = Callable[..., EmulatedFleet]
ATTESTED = "/metadata/attested/document?api-version=2021-02-01"


def read_all(fleet: EmulatedFleet) -> dict[str, Any]:
    """Return name → document as each VM serves it."""
    return {vm.name: get_instance(vm.url).json for vm in fleet.vms.values()}


def test_each_vm_is_its_own(azure_imds_fleet: Start) -> None:
    """No two VMs share a name, an id, an address or a disk; what one answers is its own document."""
    fleet = azure_imds_fleet(40)
    served = read_all(fleet)
    for what in (
        lambda vm: vm["compute"]["name"],
        lambda vm: vm["compute"]["vmId"],
        lambda vm: vm["compute"]["osProfile"]["computerName"],
        lambda vm: vm["compute"]["resourceId"],
        lambda vm: vm["compute"]["storageProfile"]["osDisk"]["name"],
        lambda vm: vm["compute"]["storageProfile"]["dataDisks"][0]["managedDisk"]["id"],
        lambda vm: vm["network"]["interface"][0]["macAddress"],
        lambda vm: vm["network"]["interface"][0]["ipv4"]["ipAddress"][0]["privateIpAddress"],
    ):
        assert len({what(document) for document in served.values()}) == 40
    for name, document in served.items():
        assert document["compute"]["name"] == name
        assert document["compute"]["resourceId"].endswith(f"/virtualMachines/{name}")
        assert document == json.loads(get_instance(fleet[name].url).body)
    assert EmulatedFleet(40)["vm-17"].document == fleet["vm-17"].document, "not the same in every run"


def test_no_group() -> None:
    """A fleet has at least one VM."""
    with pytest.raises(EmulatorError, match="a fleet of no VMs; allowed: numbers of VMs, and groups"):
        EmulatedFleet()


def test_zones_and_fault_domains_are_spread(azure_imds_fleet: Start) -> None:
    """Every zone has every fault domain, as evenly as the number allows."""
    fleet = azure_imds_fleet(31)
    rows = [vm.describe() for vm in fleet.vms.values()]
    pairs = Counter((row["zone"], row["fault_domain"]) for row in rows)
    assert set(pairs) == {(str(zone), str(domain)) for zone in (1, 2, 3) for domain in range(5)}
    assert sorted(pairs.values()) == [2] * 14 + [3]


def test_no_zones(azure_imds_fleet: Start) -> None:
    """VMs in no zone have no physical zone either."""
    fleet = azure_imds_fleet({"count": 4, "zones": 0, "fault_domains": 2})
    assert {vm.describe()["zone"] for vm in fleet.vms.values()} == {""}
    assert [vm.describe()["fault_domain"] for vm in fleet.vms.values()] == ["0", "1", "0", "1"]
    assert "physicalZone" not in get_instance(fleet["vm-0"].url).json["compute"]
    assert EmulatedFleet(2, cloud="stack")["vm-1"].describe()["zone"] == ""


@pytest.mark.parametrize("by", ["address", "port"])
def test_addresses(azure_imds_fleet: Start, by: str) -> None:
    """VMs have one port at an address each, or one address and a port each."""
    fleet = azure_imds_fleet(300, by=by)
    hosts, ports = zip(*(vm.url.rpartition("//")[2].split(":") for vm in fleet.vms.values()))
    assert (len(set(hosts)), len(set(ports))) == ((300, 1) if by == "address" else (1, 300))
    assert not {host.rpartition(".")[2] for host in hosts} & {"0", "255"}
    assert hosts[0] == "127.0.0.1"
    assert get_instance(fleet["vm-299"].url).json["compute"]["name"] == "vm-299"


def test_interfaces(azure_imds_fleet: Start) -> None:
    """Each interface that has an address has one of its own, over IPv6 too; one without keeps none."""
    fleet = azure_imds_fleet(600, vm=("multi-nic", "dual-stack"))
    nics = [nic for vm in fleet.vms.values() for nic in vm.document["network"]["interface"]]
    assert len({nic["macAddress"] for nic in nics}) == 1800
    for kind, count in (("ipv4", 1200), ("ipv6", 1800)):
        assert len({entry["privateIpAddress"] for nic in nics for entry in nic[kind]["ipAddress"]}) == count
    first = fleet["vm-599"].document["network"]["interface"][0]["ipv4"]
    assert first["ipAddress"][0]["privateIpAddress"].startswith(first["subnet"][0]["address"][:-1])


def test_limits_and_faults_are_each_vms_own(azure_imds_fleet: Start) -> None:
    """What one VM is asked throttles no other, and a fault of one meets no other."""
    fleet = azure_imds_fleet(3, rate_limit=2)
    statuses = [get_instance(fleet["vm-0"].url).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert get_instance(fleet["vm-1"].url).status == 200
    fleet["vm-1"].fault("503*forever")
    assert [get_instance(vm.url).status for vm in [fleet["vm-1"], fleet["vm-2"]]] == [503, 200]


def test_one_request_log(azure_imds_fleet: Start) -> None:
    """The records of all VMs stand in one list, in order, each with the VM's name."""
    fleet = azure_imds_fleet(3)
    for name in ("vm-2", "vm-0", "vm-2"):
        get_instance(fleet[name].url)
    assert [(record.vm, record.status) for record in fleet.requests] == [("vm-2", 200), ("vm-0", 200), ("vm-2", 200)]


def test_events(azure_imds_fleet: Start) -> None:
    """An event that is planned for all names each VM alone, and one of a single VM is no other's."""
    fleet = azure_imds_fleet(2, events=["Reboot"])
    fleet["vm-1"].event("Freeze")
    path = "/metadata/scheduledevents?api-version=2020-07-01"
    listed = [send_request(vm.url, path).json["Events"] for vm in fleet.vms.values()]
    assert [[(event["EventType"], event["Resources"]) for event in events] for events in listed] == [
        [("Reboot", ["vm-0"])],
        [("Reboot", ["vm-1"]), ("Freeze", ["vm-1"])],
    ]


def test_signed_documents(azure_imds_fleet: Start, tmp_path: Path) -> None:
    """Each VM's signed document is about itself, and all hold by the certificates that any of them exports."""
    pytest.importorskip("cryptography", reason="cryptography is not installed")
    from tests.emulator.endpoints.test_attested_faults import ask  # noqa: PLC0415  needs cryptography

    fleet = azure_imds_fleet({"count": 3, "set": {"compute.location": ["westeurope", "eastus"]}})
    ids = [vm.document["compute"]["vmId"] for vm in fleet.vms.values()]
    assert [ask(vm, tmp_path) for vm in fleet.vms.values()] == ids


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ({"vm": "web-00"}, ["web-00"]),
        ({"vm": "web-0[12]"}, ["web-01", "web-02"]),
        ({"vm": ["web-03", "job_*"]}, ["web-03", "job_0", "job_1"]),
        ({"where": {"compute.zone": "2"}}, ["web-01", "web-04", "job_1"]),
        ({"where": {"tags.env": "p*", "compute.zone": "1"}}, ["web-00"]),
        ({"where": {"tags.ENV": "test"}}, ["web-01", "web-03", "web-05"]),
        ({"vm": "web-*", "where": {"compute.osProfile.computerName": "*5"}}, ["web-05"]),
        ({"where": {"compute.vmScaleSetName": "job"}}, ["job_0", "job_1"]),
    ],
)
def test_select(azure_imds_fleet: Start, selector: dict[str, Any], found: list[str]) -> None:
    """A selector finds VMs by name, by fields and by tags, exactly these, and changes no others."""
    fleet = azure_imds_fleet(
        {"count": 6, "name": "web-{n:02}", "tags": {"env": ["prod", "test"]}},
        {"count": 2, "scale_set": {"name": "job", "instances": 5}},
    )
    answer = fleet.change({**selector, "tag": {"changed": "yes"}, "resize": "Standard_F2s"})
    assert list(answer["vms"]) == found
    changed = {name for name, document in read_all(fleet).items() if "changed:yes" in document["compute"]["tags"]}
    assert changed == set(found)
    assert ("state" in answer) is (len(found) == 1)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tag": {"a": "b"}}, "expected an object that says by vm or where which VMs change; all are {'vm': '*'}"),
        ([], "expected an object that says"),
        ({"vm": "db-*"}, "no VM matches; there are 3: vm-0 to vm-2"),
        ({"vm": 1}, "vm: expected a name, a pattern such as web-*, or a list of them, not 1"),
        ({"where": {"compute.zome": "1"}}, "no field 'zome' in compute"),
        ({"where": {"network.interface": "1"}}, "allowed: fields of compute, and tags.NAME"),
        ({"where": {"compute.zone": 1}}, "where: expected an object of paths and texts"),
        ({"vm": "*", "tga": {}}, "unknown change 'tga'; allowed: vm, where, tag, untag"),
        ({"vm": "vm-1", "resize": 1}, "resize: expected text, not 1"),
    ],
)
def test_refuse_changes(azure_imds_fleet: Start, changes: Any, problem: str) -> None:
    """What finds no VM, or is no change, is refused in one line."""
    with pytest.raises(EmulatorError) as caught:
        azure_imds_fleet(3).change(changes)
    assert problem in str(caught.value)


def test_control_socket(azure_imds_fleet: Start, tmp_path: Path) -> None:
    """GET tells all VMs in rows; POST changes those that it names, and tells a single one in full."""
    control = str(tmp_path / "control")
    fleet = azure_imds_fleet(4, control=control)
    state = json.loads(send_changes(control, ""))
    assert list(state) == ["vms"]
    assert state["vms"]["vm-3"] == {
        "url": fleet["vm-3"].url,
        "zone": "1",
        "fault_domain": "1",
        "size": "Standard_D2s_v3",
        "tags": {"env": "demo", "role": "web"},
    }
    send_changes(control, json.dumps({"where": {"compute.zone": "1"}, "fault": "500*forever"}))
    assert [get_instance(vm.url).status for vm in fleet.vms.values()] == [500, 200, 200, 500]
    one = json.loads(send_changes(control, json.dumps({"vm": "vm-2", "tag": {"env": "prod"}})))
    assert one["state"]["document"]["compute"]["tags"] == "env:prod;role:web"
    with pytest.raises(EmulatorError, match="no VM matches"):
        send_changes(control, '{"vm": "x"}')


def test_what_is_shared_is_not_changed(azure_imds_fleet: Start) -> None:
    """VMs share what they have in common; a change of one reaches no other, however deep it is."""
    fleet = azure_imds_fleet(3)
    before = read_all(fleet)
    fleet["vm-1"].set("compute.storageProfile.osDisk.diskSizeGB", "99")
    fleet["vm-1"].set("compute.publicKeys", [])
    fleet["vm-1"].set("network.interface[0].ipv4.subnet[0].prefix", "16")
    fleet["vm-1"].set("compute.name", "other")
    after = read_all(fleet)
    assert (after["vm-0"], after["vm-2"]) == (before["vm-0"], before["vm-2"])
    assert after["vm-1"]["compute"]["osProfile"]["computerName"] == "other"
    assert after["vm-1"]["network"]["interface"][0]["ipv4"]["subnet"][0]["prefix"] == "16"


def test_arguments_of_a_fleet_are_those_of_an_emulator() -> None:
    """All VMs get them; a wrong one is refused with its name."""
    fleet = EmulatedFleet(2, tags={"env": "x"}, events=[{"type": "Reboot"}])
    assert [vm.document["compute"]["tags"].count("env:x") for vm in fleet.vms.values()] == [1, 1]
    for arguments, message in (({"tag": {}}, "did you mean tags"), ({"tags": "x"}, "^tags: expected a mapping")):
        with pytest.raises(EmulatorError, match=message):
            EmulatedFleet(2, **arguments)
