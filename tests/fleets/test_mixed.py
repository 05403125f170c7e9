# SPDX-License-Identifier: Apache-2.0
"""Fleets of which only some hosts are on Azure: which cloud, which region, which zone, in the same words for all."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lab.places import CHECKOUT

from tests.e2e.shell import Shell
from tests.fleets.ansible import Controller
from tests.fleets.emulated import run_fleet
from tests.fleets.forms import TIMEOUT_S

COLLECTION = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
LOCAL = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}


def write_file(folder: Path) -> Path:
    """Write a fleet of a VM in a zone and one in none, and return its file."""
    group = {"count": 1, "set": {"compute.location": "northeurope"}}
    path = folder / "fleet.yml"
    path.write_text(
        json.dumps({"fleet": [{**group, "name": "zonal", "zones": ["2"]}, {**group, "name": "plain", "zones": 0}]})
    )
    return path


def test_clouds(shell: Shell) -> None:
    """The example says it of VMs of Azure, of an instance of Amazon's with that module's facts, and of a host in a rack."""
    with run_fleet(shell.folder, shell.env, write_file(shell.folder)) as fleet:
        controller = Controller(fleet, shell.env, timeout_s=TIMEOUT_S)
        others = {
            "ec2": LOCAL,
            "rack": {**LOCAL, "inventory_cloud": "own", "inventory_region": "cellar"},
            "bare": LOCAL,
        }
        (fleet.inventory / "others.yml").write_text(json.dumps({"all": {"hosts": others}}))
        # As amazon.aws.ec2_metadata_facts leaves them in the cache.
        found = {"ansible_ec2_placement_region": "eu-west-1", "ansible_ec2_placement_availability_zone": "eu-west-1b"}
        gathered = json.dumps({**found, "cacheable": True})
        controller.run(["ansible", "ec2", "-m", "ansible.builtin.set_fact", "-a", gathered])
        told = controller.run(["ansible-playbook", str(CHECKOUT / "examples/clouds.yml")])
    assert sorted(re.findall(r'"msg": "(.*)"', told)) == [
        "bare: none, no region, no zone",
        "ec2: aws, eu-west-1, eu-west-1b",
        "plain: azure, northeurope, no zone",
        "rack: own, cellar, no zone",
        "zonal: azure, northeurope, 2",
    ]
    assert not re.search("failed=[1-9]", told)
    assert all("site_zone" in facts for facts in controller.read_cache().values())


def test_there_is_no_lookup() -> None:
    """The page says why there is no lookup plugin, and there is none."""
    assert not (COLLECTION / "plugins/lookup").exists()
    page = (CHECKOUT / "docs/ansible.md").read_text()
    assert "There is no lookup plugin `azure_imds.facts.imds`. Lookups run on the controller" in page
