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
