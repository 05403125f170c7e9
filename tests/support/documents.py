# SPDX-License-Identifier: Apache-2.0
"""Example documents of `/metadata/instance`."""

from __future__ import annotations

import copy
from typing import Any

VM_ID = "5c08b38e-4d57-4c23-ac45-aca61037f084"
# The same machine as a generation 1 VM's DMI shows it.
SWAPPED_VM_ID = "8eb3085c-574d-234c-ac45-aca61037f084"
SECRETS = {
    "userData": "c2VjcmV0LXVzZXI=",
    "customData": "c2VjcmV0LWN1c3RvbQ==",
    "publicKeys": [{"keyData": "ssh-rsa SECRETKEY", "path": "/home/secretadmin/.ssh/authorized_keys"}],
}

_DOCUMENT: dict[str, Any] = {
    "compute": {
        "azEnvironment": "AzurePublicCloud",
        "location": "westeurope",
        "name": "web-01",
        "osProfile": {"adminUsername": "secretadmin", "computerName": "web-01"},
        "storageProfile": {"osDisk": {"diskSizeGB": "30"}, "dataDisks": [{"lun": "0", "diskSizeGB": "128"}]},
        "tags": "Cost Center:42;role:web",
        "tagsList": [{"name": "Cost Center", "value": "42"}, {"name": "role", "value": "web"}],
        "vmId": VM_ID,
        "vmSize": "Standard_D2s_v3",
        "zone": "1",
        **SECRETS,
    },
    "network": {
        "interface": [
            {
                "ipv4": {
                    "ipAddress": [{"privateIpAddress": "10.1.0.4", "publicIpAddress": "20.1.2.3"}],
                    "subnet": [{"address": "10.1.0.0", "prefix": "24"}],
                },
                "ipv6": {"ipAddress": []},
                "macAddress": "000D3AF806EC",
            }
        ]
    },
}


def build_document(**compute: object) -> dict[str, Any]:
    """Return a whole document, with other values for some fields of compute."""
    document = copy.deepcopy(_DOCUMENT)
    document["compute"].update(compute)
    return document


ARC_VM_ID = "0b7c2d1e-58a4-4f6d-9c3b-2e8f71a5d640"


def build_arc_document() -> dict[str, Any]:
    """Return a document of Azure Arc's recorded shape, api-version 2020-06-01, with values of our own."""
    absent = (
        "customData evictionPolicy isHostCompatibilityLayerVm licenseType offer placementGroupId platformFaultDomain"
    )
    absent += " platformUpdateDomain priority provider publisher vmScaleSetName vmSize zone"
    group = "/subscriptions/7d5f2c1e-6b0a-4e39-9c55-3a1f0e8d2b64/resourceGroups/rg-plant"
    return {
        "compute": {
            **dict.fromkeys([*absent.split(), "vmSize", "zone"], ""),
            "azEnvironment": "AzurePublicCloud",
            "location": "westeurope",
            "name": "plant-07",
            "osType": "Linux",
            "plan": {"name": "", "product": "", "publisher": ""},
            "publicKeys": None,
            "resourceGroupName": "rg-plant",
            "resourceId": f"{group}/providers/Microsoft.HybridCompute/machines/plant-07",
            "sku": "Debian GNU/Linux 12 (bookworm)",
            "storageProfile": {},
            "subscriptionId": "7d5f2c1e-6b0a-4e39-9c55-3a1f0e8d2b64",
            "tags": "Cost Center:42;site:plant",
            "tagsList": [{"name": "Cost Center", "value": "42"}, {"name": "site", "value": "plant"}],
            "version": "6.1.0-28-amd64",
            "vmId": ARC_VM_ID,
        },
        "network": {},
    }
