# SPDX-License-Identifier: Apache-2.0
"""A machine with something in every fact: two interfaces, a load balancer, tags of several kinds."""

from __future__ import annotations

from typing import Any

VM_ID = "0b0c6a2e-93b4-4e2f-8d3c-5d1c7d1b6f11"
DOCUMENT: dict[str, Any] = {
    "compute": {
        "azEnvironment": "AzurePublicCloud",
        "location": "westeurope",
        "name": "app-1",
        "platformFaultDomain": "2",
        "storageProfile": {"osDisk": {"diskSizeGB": "64"}, "dataDisks": [{"lun": "0", "diskSizeGB": "128"}]},
        "tags": "Cost Center:47:11;env:prod;ns:team:core",
        "tagsList": [
            {"name": "Cost Center", "value": "47:11"},
            {"name": "env", "value": "prod"},
            {"name": "ns:team", "value": "core"},
        ],
        "userData": "c2VjcmV0",
        "vmId": VM_ID,
        "vmSize": "Standard_D2s_v3",
        "zone": "1",
    },
    "network": {
        "interface": [
            {
                "macAddress": "000D3AF806EC",
                "ipv4": {
                    "ipAddress": [{"privateIpAddress": "127.0.0.1", "publicIpAddress": ""}],
                    "subnet": [{"address": "127.0.0.0", "prefix": "8"}],
                },
                "ipv6": {"ipAddress": [{"privateIpAddress": "ace:cab::4"}]},
            },
            {
                "macAddress": "00-0D-3A-F8-06-ED",
                "ipv4": {
                    "ipAddress": [{"privateIpAddress": "10.1.1.4", "publicIpAddress": "198.51.100.7"}],
                    "subnet": [{"address": "10.1.1.0", "prefix": "24"}],
                },
                "ipv6": {"ipAddress": []},
            },
        ]
    },
}
ANSWERS: dict[str, Any] = {
    "/metadata/instance": DOCUMENT,
    "/metadata/loadbalancer": {
        "loadbalancer": {
            "publicIpAddresses": [
                {"frontendIpAddress": "203.0.113.9", "privateIpAddress": "127.0.0.1"},
                {"frontendIpAddress": "[2603:10e1::9]", "privateIpAddress": "[ace:cab:0::4]"},
            ],
            "inboundRules": [{"frontendPort": 443, "protocol": "Tcp"}],
            "outboundRules": [],
        }
    },
    "/metadata/identity/info": {"tenantId": "5f0c9e1a-0000-4000-8000-1d2c3b4a5968"},
    "/metadata/scheduledevents": {
        "DocumentIncarnation": 7,
        "Events": [
            {
                "EventId": "A1",
                "EventType": "Reboot",
                "Resources": ["other", "app-1"],
                "NotBefore": "Mon, 19 Sep 2026 18:29:47 GMT",
            },
            {
                "EventId": "B2",
                "EventType": "Freeze",
                "Resources": ["app-1"],
                "NotBefore": "Sun, 18 Sep 2026 18:29:47 GMT",
            },
            {"EventId": "C3", "EventType": "Redeploy", "Resources": ["other"], "NotBefore": ""},
        ],
    },
}
