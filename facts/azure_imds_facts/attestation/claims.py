# SPDX-License-Identifier: Apache-2.0
"""What a document that holds says, and by what it was proven."""

from __future__ import annotations

import re
from dataclasses import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    from typing import Any

# Between what the names of signed fields are made of: vmId, rootSha256.
_HUMP = re.compile("(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Claims:
    """What IMDS signed about a VM, once it has been verified.

    `content`: the signed object as it is. `cloud`: by the certificate's domain. `signer`: the name of that domain which
    the certificate is for. `root`, `root_sha256`: the trusted root at the end of the chain, by name and fingerprint.
    A claim counts only for the program that verified it; it is never a fact or grain of the machine.
    """

    content: dict[str, Any]
    created: dt.datetime
    expires: dt.datetime
    cloud: str
    signer: str
    root: str
    root_sha256: str

    @property
    def vm_id(self) -> str:
        """The VM's id, `vmId`."""
        return str(self.content["vmId"])

    @property
    def subscription_id(self) -> str:
        """The id of its subscription, `""` in documents before api-version 2019-04-30."""
        return str(self.content.get("subscriptionId", ""))

    @property
    def sku(self) -> str:
        """The SKU of its image, `""` in documents before api-version 2019-11-01."""
        return str(self.content.get("sku", ""))

    @property
    def nonce(self) -> str:
        """The nonce that was asked for, else a time that IMDS puts there."""
        return str(self.content.get("nonce", ""))

    def spell(self) -> dict[str, Any]:
        """Return what was signed in IMDS's spelling, and under `proof` by what it was proven."""
        proof = {
            "cloud": self.cloud,
            "signer": self.signer,
            "root": self.root,
            "rootSha256": self.root_sha256,
            "createdAt": _spell_time(self.created),
            "expiresAt": _spell_time(self.expires),
        }
        return {**self.content, "proof": proof}

    def spell_snake(self) -> dict[str, Any]:
        """Return the same with names in snake_case, as Ansible's facts have them."""
        spelled: dict[str, Any] = _spell_snake(self.spell())
        return spelled


def _spell_snake(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {_HUMP.sub("_", name).lower(): _spell_snake(item) for name, item in value.items()}


def _spell_time(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
