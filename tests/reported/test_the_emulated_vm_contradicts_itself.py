# SPDX-License-Identifier: Apache-2.0
"""Reported: "I named the emulated VM demo-vm, and its resource id and computer name still said web-01"."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator
from azure_imds_facts.emulator.control.changes import apply_changes

SUBSCRIPTION = "/subscriptions/7d5f2c1e-6b0a-4e39-9c55-3a1f0e8d2b64"
COMPUTE = f"{SUBSCRIPTION}/resourceGroups/rg-web/providers/Microsoft.Compute"


def _names(compute: dict[str, Any]) -> tuple[str, str, str]:
    return compute["name"], compute["resourceId"], compute["osProfile"]["computerName"]


def _build(*changes: tuple[str, object], **settings: Any) -> tuple[str, str, str]:
    return _names(Emulator(changes=changes, **settings).document["compute"])


def test_the_name_is_in_three_places() -> None:
    """Resource id and computer name follow the name."""
    assert _build(("compute.name", "demo-vm")) == ("demo-vm", f"{COMPUTE}/virtualMachines/demo-vm", "demo-vm")


@pytest.mark.parametrize("vm", ["windows", ("windows", "spot"), "multi-nic"])
def test_the_name_of_another_profile(vm: Any) -> None:
    """So they do on a machine with another name."""
    assert _build(("compute.name", "demo-vm"), vm=vm) == ("demo-vm", f"{COMPUTE}/virtualMachines/demo-vm", "demo-vm")


def test_the_group_and_the_subscription_are_in_two_places() -> None:
    """The resource id follows the resource group and the subscription too."""
    changes = (("compute.resourceGroupName", "rg-demo"), ("compute.subscriptionId", "1234"), ("compute/name", "db"))
    wanted = "/subscriptions/1234/resourceGroups/rg-demo/providers/Microsoft.Compute/virtualMachines/db"
    assert _build(*changes) == ("db", wanted, "db")


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("compute.resourceId", "/mine"), ("demo", "/mine", "demo")),
        (("compute.osProfile.computerName", "mine"), ("demo", f"{COMPUTE}/virtualMachines/demo", "mine")),
        # The very value that it had: it was set all the same.
        (("compute.osProfile.computerName", "web-01"), ("demo", f"{COMPUTE}/virtualMachines/demo", "web-01")),
        (("compute.osProfile", '{"computerName": "web-01"}'), ("demo", f"{COMPUTE}/virtualMachines/demo", "web-01")),
    ],
)
def test_what_i_set_was_set_back(change: tuple[str, str], wanted: tuple[str, str, str], is_before: bool) -> None:
    """A field that is set itself follows nothing, whichever comes first."""
    name = ("compute.name", "demo")
    assert _build(*((change, name) if is_before else (name, change))) == wanted


def test_a_later_change_contradicts(tmp_path: Path) -> None:
    """Changes at run time, of Python and of the control socket, count like flags, and stay in force."""
    with Emulator(rate_limit=0) as emulator:
        emulator.set("compute.osProfile.computerName", "own")
        emulator.set("compute.name", "one")
        assert _names(emulator.document["compute"]) == ("one", f"{COMPUTE}/virtualMachines/one", "own")
        state = apply_changes(emulator._assembly, {"set": {"compute.name": "two"}})
        assert _names(state["document"]["compute"]) == ("two", f"{COMPUTE}/virtualMachines/two", "own")
        state = apply_changes(emulator._assembly, {"set": {"compute.resourceId": "/own"}})
        state = apply_changes(emulator._assembly, {"set": {"compute.name": "three"}})
        assert _names(state["document"]["compute"]) == ("three", "/own", "own")


def test_a_scenario_contradicts(tmp_path: Path) -> None:
    """A scenario file's `set` counts like the flag."""
    scenario = tmp_path / "scenario.yml"
    scenario.write_text("set:\n  compute.name: from-file\n  compute.resourceId: /mine\n")
    emulator = Emulator(scenario=str(scenario))
    assert _names(emulator.document["compute"]) == ("from-file", "/mine", "from-file")
    emulator.set("compute.name", "later")
    assert _names(emulator.document["compute"]) == ("later", "/mine", "later")


def test_my_document_contradicts(tmp_path: Path) -> None:
    """In a document of one's own what agrees goes on agreeing, and what differs stays."""
    compute = {
        "name": "a", "subscriptionId": "S", "resourceGroupName": "G", "osProfile": {"computerName": "other"},
        "resourceId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/A",
    }  # fmt: skip
    wanted = ("b", "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/virtualMachines/b", "other")
    assert _build(("compute.name", "b"), document={"compute": compute}) == wanted


@pytest.mark.parametrize(
    ("name", "machine", "computer"),
    [
        ("web_35", "virtualMachineScaleSets/web/virtualMachines/35", "web00000Z"),
        ("api_36", "virtualMachineScaleSets/api/virtualMachines/36", "api000010"),
        ("demo-vm", "virtualMachines/demo-vm", "demo-vm"),
    ],
)
def test_an_instance_of_a_scale_set(name: str, machine: str, computer: str) -> None:
    """An instance's number stands in its resource id and computer name."""
    assert _build(("compute.name", name), vm="vmss") == (name, f"{COMPUTE}/{machine}", computer)


@pytest.mark.parametrize("document", [{"network": {}}, {"compute": {}}, {"compute": {"name": "a"}}, {"compute": None}])
def test_a_document_without_names(document: dict[str, Any]) -> None:
    """What is not there is not made up."""
    emulator = Emulator(document=document, changes=(("compute.name", "b"),) if document.get("compute") else ())
    assert "resourceId" not in (emulator.document.get("compute") or {})


def test_on_the_command_line() -> None:
    """As it was reported: the flag, and what a client reads."""
    client = (
        "import json, os, urllib.request as u;"
        "r = u.Request(os.environ['U'] + '/metadata/instance/compute?api-version=2021-02-01', headers={'Metadata': 'true'});"
        "print(u.build_opener(u.ProxyHandler({})).open(r).read().decode())"
    )
    command = [sys.executable, "-m", "azure_imds_facts", "emulate", "--quiet", "--set", "compute.name=demo-vm"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        assert served.stdout
        url = served.stdout.readline().strip()
        read = subprocess.run(
            [sys.executable, "-c", client], env={"U": url}, capture_output=True, text=True, check=True
        )
        served.terminate()
    assert _names(json.loads(read.stdout)) == ("demo-vm", f"{COMPUTE}/virtualMachines/demo-vm", "demo-vm")
