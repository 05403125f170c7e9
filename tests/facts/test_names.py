# SPDX-License-Identifier: Apache-2.0
"""Every fact that the reference names, asserted by its literal name and value, out of the real command."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.facts.machine import ANSWERS, VM_ID

FACTS = Path(__file__).parents[2] / "facts"

NETWORK = {
    "macAddress": "00:0d:3a:f8:06:ec",
    "privateIpv4": "127.0.0.1",
    "publicIpv4": "203.0.113.9",
    "privateIpv6": "ace:cab::4",
    "publicIpv6": "2603:10e1::9",
    "subnetIpv4": "127.0.0.0/8",
    "macAddresses": ["00:0d:3a:f8:06:ec", "00:0d:3a:f8:06:ed"],
    "privateIpv4Addresses": ["127.0.0.1", "10.1.1.4"],
    "publicIpv4Addresses": ["203.0.113.9", "198.51.100.7"],
    "privateIpv6Addresses": ["ace:cab::4"],
    "publicIpv6Addresses": ["2603:10e1::9"],
}
SNAPSHOT = {
    "apiVersion": "2025-04-07",
    "source": "imds",
    "ageSeconds": 0,
    "partial": False,
    "tagsAmbiguous": False,
    "vmId": VM_ID,
    "vmIdVerified": None,
    "proxyAgent": False,
    "missing": [],
}
TAGS = {"Cost Center": "47:11", "env": "prod", "ns:team": "core"}


class _Machine(BaseHTTPRequestHandler):
    """Answers as the machine's IMDS would."""

    def do_GET(self) -> None:
        body = json.dumps(ANSWERS[self.path.partition("?")[0]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(name="facts", scope="module")
def _facts(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Spelling → what `facts --gather all` prints in it, and the endpoint and boot id as `endpoint` and `boot_id`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Machine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    env = {**os.environ, "PYTHONPATH": str(FACTS), "AZURE_IMDS_ENDPOINT": endpoint, "AZURE_IMDS_CACHE_TTL": "0"}
    env["AZURE_IMDS_CACHE_DIR"] = str(tmp_path_factory.mktemp("cache") / "cache")
    command = (sys.executable, "-m", "azure_imds_facts", "facts", "--gather", "all", "--format")
    printed = {
        name: json.loads(subprocess.run([*command, name], env=env, capture_output=True, check=True).stdout)
        for name in ("ansible", "json", "salt")
    }
    server.shutdown()
    server.server_close()
    boot_id = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return {**printed, "endpoint": endpoint, "boot_id": boot_id}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def test_ansible_names(facts: Any) -> None:
    """The module's facts carry the names of the contract and the values of the machine."""
    ansible = facts["ansible"]
    expected: dict[str, Any] = {
        "azure_imds_available": True,
        "azure_imds_cloud": "AzureCloud",
        "azure_imds_compute_vm_size": "Standard_D2s_v3",
        "azure_imds_compute_zone": "1",
        "azure_imds_compute_platform_fault_domain": "2",
        "azure_imds_compute_storage_profile_os_disk_disk_size_gb": "64",
        "azure_imds_compute_storage_profile_data_disks": [{"lun": "0", "disk_size_gb": "128"}],
        "azure_imds_tags": TAGS,
        "azure_imds_tags_cost_center": "47:11",
        "azure_imds_tags_env": "prod",
        "azure_imds_tags_ns_team": "core",
        "azure_imds_snapshot_endpoint": facts["endpoint"],
        "azure_imds_snapshot_boot_id": facts["boot_id"],
        "azure_imds_load_balancer_inbound_rules": [{"frontend_port": 443, "protocol": "Tcp"}],
        "azure_imds_load_balancer_outbound_rules": [],
        "azure_imds_scheduled_events_incarnation": 7,
        "azure_imds_scheduled_events_pending": 2,
        "azure_imds_scheduled_events_next_not_before": "Sun, 18 Sep 2026 18:29:47 GMT",
        "azure_imds_scheduled_events_next_type": "Freeze",
        "azure_imds_identity_tenant_id": "5f0c9e1a-0000-4000-8000-1d2c3b4a5968",
        **{f"azure_imds_network_{_snake(name)}": value for name, value in NETWORK.items()},
        **{f"azure_imds_snapshot_{_snake(name)}": value for name, value in SNAPSHOT.items()},
    }
    assert {name: ansible.get(name, "no such fact") for name in expected} == expected
    assert ansible["azure_imds_network_interface"][0]["mac_address"] == "000D3AF806EC"
    assert ansible["azure_imds_scheduled_events_events"][1]["event_id"] == "B2"
    assert ansible["azure_imds_load_balancer_public_ip_addresses"][0]["frontend_ip_address"] == "203.0.113.9"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", ansible["azure_imds_snapshot_fetched_at"])
    assert "azure_imds_compute_user_data" not in ansible


def test_local_names(facts: Any) -> None:
    """The local facts have the same, one level deeper, and tags as the mapping alone."""
    local = facts["json"]
    assert local["available"] is True
    assert local["cloud"] == "AzureCloud"
    assert local["tags"] == TAGS
    assert local["compute"]["storage_profile_os_disk_disk_size_gb"] == "64"
    network, snapshot = local["network"], local["snapshot"]
    assert {name: network[_snake(name)] for name in NETWORK} == NETWORK
    assert {name: snapshot[_snake(name)] for name in SNAPSHOT} == SNAPSHOT
    assert network["interface"][1]["ipv4"]["ip_address"][0]["public_ip_address"] == "198.51.100.7"
    assert (snapshot["endpoint"], snapshot["boot_id"]) == (facts["endpoint"], facts["boot_id"])
    assert local["load_balancer"]["inbound_rules"][0]["frontend_port"] == 443
    assert local["scheduled_events"]["next_type"] == "Freeze"
    assert local["identity"] == {"tenant_id": "5f0c9e1a-0000-4000-8000-1d2c3b4a5968"}
    assert set(local) == {
        *("available", "cloud", "compute", "network", "tags", "snapshot"),
        *("load_balancer", "scheduled_events", "identity"),
    }


def test_salt_names(facts: Any) -> None:
    """The grain keeps IMDS's spelling and nesting, and has tags as pairs too."""
    grain = facts["salt"]["azure_imds"]
    assert list(facts["salt"]) == ["azure_imds"]
    assert grain["cloud"] == "AzureCloud"
    assert grain["compute"]["storageProfile"]["osDisk"]["diskSizeGB"] == "64"
    assert (grain["compute"]["vmSize"], grain["compute"]["zone"]) == ("Standard_D2s_v3", "1")
    assert not {"tags", "tagsList", "userData"} & set(grain["compute"])
    assert grain["network"]["interface"][0]["macAddress"] == "000D3AF806EC"
    assert {name: grain["network"][name] for name in NETWORK} == NETWORK
    # An unchanged VM has an unchanged grain.
    assert "ageSeconds" not in grain["snapshot"]
    assert "fetchedAt" not in grain["snapshot"]
    kept = set(SNAPSHOT) - {"ageSeconds"}
    assert {name: grain["snapshot"][name] for name in kept} == {name: SNAPSHOT[name] for name in kept}
    assert grain["tags"] == TAGS
    assert sorted(grain["tagPairs"]) == ["Cost Center=47:11", "env=prod", "ns:team=core"]
    assert grain["loadBalancer"] == ANSWERS["/metadata/loadbalancer"]["loadbalancer"]
    assert grain["scheduledEvents"]["incarnation"] == 7
    assert grain["scheduledEvents"]["pending"] == 2
    assert grain["identity"] == {"tenantId": "5f0c9e1a-0000-4000-8000-1d2c3b4a5968"}
