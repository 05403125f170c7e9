# SPDX-License-Identifier: Apache-2.0
"""
Pillar with what a minion proved: which Azure virtual machine it is, and of which subscription.

.. versionadded:: 0.1.0

.. code-block:: yaml

    ext_pillar_first: True
    ext_pillar:
      - azure_imds_identity: {}

A minion that the engine ``azure_imds_accept`` accepted gets ``azure_imds_identity``, while its accepted key is the one
that was bound. It holds ``vmId``, ``subscriptionId``, ``sku``, ``cloud`` and ``provenAt``. Other minions get nothing.

With ``ext_pillar_first`` other pillar can be targeted by it: ``'azure_imds_identity:subscriptionId:8d10da13-…'`` with
``match: pillar``. Do not use a grain for that: a grain is what the minion says about itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.attestation.nonces import is_bound
from azure_imds_facts.salt.identity_store import IdentityStore, find_directory
from azure_imds_facts.salt.minion_keys import ACCEPTED, MinionKeys

if TYPE_CHECKING:
    __opts__: dict[str, Any] = {}

__virtualname__ = "azure_imds_identity"


def ext_pillar(minion_id: str, pillar: dict[str, Any], *arguments: Any, **settings: Any) -> dict[str, Any]:  # noqa: ARG001  Salt's
    """
    Return what was proven about a minion, ``{}`` where nothing was.

    .. versionadded:: 0.1.0
    """
    record = IdentityStore(find_directory(__opts__)).read(minion_id)
    if record is None:
        return {}
    state, pem = MinionKeys(__opts__).read(minion_id)
    if state != ACCEPTED or not is_bound(pem, record["key"]):
        return {}
    claims = record["claims"]
    identity = {name: str(claims.get(name, "")) for name in ("vmId", "subscriptionId", "sku")}
    proof = claims.get("proof")
    cloud = str(proof.get("cloud", "")) if isinstance(proof, dict) else ""
    return {"azure_imds_identity": {**identity, "cloud": cloud, "provenAt": str(record.get("provenAt", ""))}}
