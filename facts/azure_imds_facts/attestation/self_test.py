# SPDX-License-Identifier: Apache-2.0
"""A test of this installation: a document of an emulator's throw-away root holds, and forged ones do not."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from pathlib import Path

from azure_imds_facts.attestation.errors import (
    AttestationError,
    ChainError,
    NonceError,
    SignatureError,
    StaleError,
    VmError,
)
from azure_imds_facts.attestation.trust import Trust, read_shipped
from azure_imds_facts.attestation.verification import verify
from azure_imds_facts.emulator.endpoints.attested import build_payload
from azure_imds_facts.emulator.endpoints.authority import Authority

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azure_imds_facts.attestation.claims import Claims

_NONCE = "5e1f7e57"
_COMPUTE = {
    "vmId": "02aab8a4-74ef-476e-8182-f6d2ba4166a6",
    "subscriptionId": "8d10da13-8125-4ba9-a717-bf7490507b3d",
    "sku": "2022-datacenter",
}


def run_self_test() -> Claims:
    """Return the claims of the document that holds. Raises AttestationError where one does not end as it has to."""
    authority = Authority(common_name="metadata.azure.com", region="westus2")
    now = dt.datetime.now(dt.timezone.utc)
    payload = build_payload(_COMPUTE, "2021-02-01", _NONCE, now.timestamp())
    document = authority.sign_document(json.dumps(payload, separators=(",", ":")).encode())
    trust = _read_roots(authority)
    asked: dict[str, Any] = {"nonce": _NONCE, "vm_id": _COMPUTE["vmId"], "trust": trust, "is_offline": True}
    claims = verify(document, **asked)
    forged = document.replace(b"2022-datacenter", b"2019-datacenter")
    _refuse(SignatureError, forged, asked)
    _refuse(NonceError, document, {**asked, "nonce": _NONCE[::-1]})
    _refuse(VmError, document, {**asked, "vm_id": _COMPUTE["subscriptionId"]})
    _refuse(StaleError, document, {**asked, "at": now + dt.timedelta(hours=1)})
    _refuse(ChainError, document, {**asked, "trust": Trust(read_shipped().roots, trust.intermediates)})
    return claims


def _read_roots(authority: Authority) -> Trust:
    """Return the trust in an authority's root alone."""
    with tempfile.TemporaryDirectory() as folder:
        authority.write_public_keys(Path(folder))
        return Trust(()).add(trusted=((Path(folder) / "ca.pem").read_bytes(),))


def _refuse(rule: type[AttestationError], document: bytes, asked: dict[str, Any]) -> None:
    """Raise AttestationError unless a document is refused by this rule."""
    try:
        verify(document, **asked)
    except rule:
        return
    raise AttestationError(f"A document that breaks the rule {rule.reason} holds.")
