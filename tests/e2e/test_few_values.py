# SPDX-License-Identifier: Apache-2.0
"""Paths in `gather`, in real tools: the two modules, their fact cache, local facts and the grain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lab.salted import write_minion_config

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.shell import Shell

PATHS = "compute.vmSize,network.privateIpv4,tags.Cost Center,tags.nosuch"
# All that Ansible has of these, beside the cloud and the snapshot.
EXPECTED = {
    "azure_imds_available": True,
    "azure_imds_compute_vm_size": "Standard_D2s_v3",
    "azure_imds_network_private_ipv4": "10.1.0.4",
    "azure_imds_tags": {"Cost Center": "47:11"},
    "azure_imds_tags_cost_center": "47:11",
}


def strip(facts: dict[str, Any]) -> dict[str, Any]:
    """Return facts without what always comes along."""
    assert facts["azure_imds_cloud"] == "AzureCloud"
    assert facts["azure_imds_snapshot_missing"] == []
    return {
        name: value
        for name, value in facts.items()
        if not name.startswith(("azure_imds_snapshot_", "azure_imds_cloud"))
    }


def test_modules(shell: Shell, vm: str) -> None:
    """Both modules take a list or a text, or the target's environment."""
    listed = json.dumps({"endpoint": vm, "gather_subset": PATHS.split(",")})
    assert strip(shell.ansible("azure_imds_facts", listed)["ansible_facts"]) == EXPECTED
    info = shell.ansible("azure_imds_info", json.dumps({"endpoint": vm, "gather_subset": PATHS}))
    assert strip(info["metadata"]) == EXPECTED
    assert (
        strip(shell.ansible("azure_imds_facts", f"endpoint={vm}", AZURE_IMDS_GATHER=PATHS)["ansible_facts"]) == EXPECTED
    )


def test_wrong_path(shell: Shell, vm: str) -> None:
    """A path that there is not fails, whatever `fail_on` says."""
    result = shell.ansible("azure_imds_facts", f"endpoint={vm} fail_on=never gather_subset=network.privateIp")
    assert (result["failed"], result["outcome"]) == (True, "usage")
    assert "gather_subset cannot be" in result["msg"]
    assert "network.privateIp" in result["msg"]


def test_fact_cache(shell: Shell, vm: str) -> None:
    """What Ansible keeps of a host is a quarter of what it keeps by default."""
    sizes = [
        read_cache_size(shell, vm, f"cache{number}", gather)
        for number, gather in enumerate(("compute,network,tags", PATHS))
    ]
    print(f"{sizes[0]} bytes by default, {sizes[1]} of three paths")
    assert sizes[1] * 4 < sizes[0]


def read_cache_size(shell: Shell, vm: str, name: str, gather: str) -> int:
    """Return the bytes that Ansible's fact cache has for localhost after a run with an empty one."""
    folder: Path = shell.folder / name
    arguments = json.dumps({"endpoint": vm, "gather_subset": gather})
    cache = {"ANSIBLE_CACHE_PLUGIN": "jsonfile", "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(folder)}
    shell.ansible("azure_imds_facts", arguments, **cache)
    (kept,) = folder.iterdir()
    return kept.stat().st_size


def test_local_facts(shell: Shell, vm: str) -> None:
    """The file has what was named, and of `snapshot` all that the next boot needs."""
    folder = shell.folder / "facts.d"
    shell.run_ok("azure-imds-facts", "local-facts", "--directory", str(folder), "--endpoint", vm, "--gather", PATHS)
    facts = json.loads((folder / "azure_imds.fact").read_text())
    assert facts["compute"] == {"vm_size": "Standard_D2s_v3"}
    assert facts["tags"] == {"Cost Center": "47:11"}
    assert {"vm_id", "boot_id", "fetched_at", "source", "partial"} <= set(facts["snapshot"])


def test_grain(shell: Shell, vm: str) -> None:
    """The grain has the chosen values alone, in IMDS's names; the execution module tells the rest of the snapshot."""
    settings = {"timeout": 10, "endpoint": vm, "gather": PATHS.split(",")}
    write_minion_config(shell.folder, minion_id="alone", master_ports=(0, 0), azure_imds=settings)
    call = ("salt-call", "--local", "-c", str(shell.folder), "--out=json", "-l", "error")
    grain = json.loads(shell.run_ok(*call, "grains.get", "azure_imds"))["local"]
    chosen = {
        "cloud": "AzureCloud",
        "compute": {"vmSize": "Standard_D2s_v3"},
        "network": {"privateIpv4": "10.1.0.4"},
        "tags": {"Cost Center": "47:11"},
        "tagPairs": ["Cost Center=47:11"],
    }
    assert grain == {**chosen, "snapshot": {"source": "imds", "partial": False, "missing": []}}
    told = json.loads(shell.run_ok(*call, "azure_imds.facts"))["local"]
    assert {name: told[name] for name in chosen} == chosen
    assert told["snapshot"]["endpoint"] == vm
