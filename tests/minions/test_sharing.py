# SPDX-License-Identifier: Apache-2.0
"""All tools on a machine share one answer of IMDS."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.minions.conftest import Fleet
from tests.minions.daemons import Minion


def test_one_request_in_all(fleet: Fleet, add_minion: Callable[..., Minion], tmp_path: Path) -> None:
    """From a minion's start to its tenth job, with a facts.d writer and an Ansible run beside it: one request."""
    minion = add_minion("shared")
    minion.start()
    for _job in range(10):
        assert fleet.salt("-C", "G@azure_imds:cloud:AzureCloud and shared", "test.ping") == {"shared": True}
    settings = {"AZURE_IMDS_ENDPOINT": minion.imds.url, "AZURE_IMDS_CACHE_DIR": str(minion.cache_dir)}
    minion.shell.run_ok(
        "azure-imds-facts", "local-facts", "--directory", str(tmp_path), "--cache-ttl", "3600", **settings
    )
    written = json.loads((tmp_path / "azure_imds.fact").read_text())
    result = minion.shell.ansible("azure_imds_facts", "cache_ttl=3600", **settings)
    vm_id = minion.imds.document["compute"]["vmId"]
    assert written["compute"]["vm_id"] == vm_id
    assert result["ansible_facts"]["azure_imds_compute_vm_id"] == vm_id
    assert _list_instance_requests(minion) == [200]

    # A minion that starts again reads what is there.
    minion.end()
    minion.start()
    assert fleet.salt("-C", "G@azure_imds:cloud:AzureCloud and shared", "test.ping") == {"shared": True}
    assert _list_instance_requests(minion) == [200]


def _list_instance_requests(minion: Minion) -> list[int]:
    """Return their statuses."""
    return [record.status for record in minion.imds.requests if record.path == "/metadata/instance"]


def test_master_less_calls_share_it_too(fleet: Fleet) -> None:
    """`salt-call` evaluates grains each time it runs, and asks nothing."""
    web = fleet.minions["web"]
    before = len(web.imds.requests)
    assert web.call("grains.get", "azure_imds:compute:zone") == "1"
    assert web.call("azure_imds.facts", "gather=compute")["compute"]["zone"] == "1"
    assert len(web.imds.requests) == before
