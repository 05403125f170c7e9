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

PLAY = str(CHECKOUT / "examples/clouds.yml")
PAGE = (CHECKOUT / "docs/clouds.md").read_text(encoding="utf-8")
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
    """The example names the place of VMs, of an EC2 instance with that module's facts, and of other hosts.

    A machine of Azure Arc is where the inventory says. Groups of these facts come out of the cache.
    """
    with run_fleet(shell.folder, shell.env, write_file(shell.folder)) as fleet:
        controller = Controller(fleet, shell.env, timeout_s=TIMEOUT_S)
        others = {
            "ec2": LOCAL,
            "rack": {**LOCAL, "inventory_cloud": "own", "inventory_region": "cellar"},
            "bare": LOCAL,
            "arc": {**LOCAL, "inventory_cloud": "own", "inventory_region": "attic"},
        }
        (fleet.inventory / "others.yml").write_text(json.dumps({"all": {"hosts": others}}))
        # As amazon.aws.ec2_metadata_facts leaves them in the cache.
        found = {"ansible_ec2_placement_region": "eu-west-1", "ansible_ec2_placement_availability_zone": "eu-west-1b"}
        gathered = json.dumps({**found, "cacheable": True})
        controller.run(["ansible", "ec2", "-m", "ansible.builtin.set_fact", "-a", gathered])
        told = controller.run(["ansible-playbook", PLAY, "--limit", "!arc"])
        # Facts of Azure Arc are put into the cache, and the task that gathers is left out.
        kept = {
            "azure_imds_available": True,
            "azure_imds_snapshot_platform": "arc",
            "azure_imds_compute_location": "westeurope",
        }
        controller.run(
            ["ansible", "arc", "-m", "ansible.builtin.set_fact", "-a", json.dumps({**kept, "cacheable": True})]
        )
        started = ["--start-at-task", "Name the place of an Azure VM"]
        told += controller.run(["ansible-playbook", PLAY, "--limit", "arc", *started])
        (constructed,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
        (fleet.inventory / "z_site.constructed.yml").write_text(constructed)
        groups = controller.list_groups()
    assert sorted(re.findall(r'"msg": "(.*)"', told)) == [
        "arc: own, attic, no zone",
        "bare: none, no region, no zone",
        "ec2: aws, eu-west-1, eu-west-1b",
        "plain: azure, northeurope, no zone",
        "rack: own, cellar, no zone",
        "zonal: azure, northeurope, 2",
    ]
    assert not re.search("failed=[1-9]", told)
    assert all("site_zone" in facts for facts in controller.read_cache().values())
    assert groups["cloud_own"] == {"arc", "rack"}
    assert groups["region_northeurope"] == {"plain", "zonal"}
    assert groups["zone_northeurope_2"] == {"zonal"}


def test_there_is_no_lookup() -> None:
    """The page says why there is no lookup plugin, and there is none."""
    assert not (COLLECTION / "plugins/lookup").exists()
    page = (CHECKOUT / "docs/how-it-works.md").read_text(encoding="utf-8")
    assert "Lookups run on the controller" in page.partition("## No lookup plugin")[2].partition("##")[0]
