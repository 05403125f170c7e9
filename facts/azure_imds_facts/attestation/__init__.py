# SPDX-License-Identifier: Apache-2.0
"""Proof of identity: verify the documents that IMDS signs (attested data).

Needs the package `cryptography` (`pip install 'azure-imds-facts[attest]'`), except for `bind_key` and the errors.
Imports nothing of the core, so that Ansible can load it, where the core has another name.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.attestation.claims import Claims
    from azure_imds_facts.attestation.errors import AttestationError
    from azure_imds_facts.attestation.nonces import bind_key
    from azure_imds_facts.attestation.trust import Trust, read_shipped
    from azure_imds_facts.attestation.verification import verify

__all__ = ["AttestationError", "Claims", "Trust", "bind_key", "read_shipped", "verify"]
_HOMES = {
    "AttestationError": "errors",
    "Claims": "claims",
    "Trust": "trust",
    "bind_key": "nonces",
    "read_shipped": "trust",
    "verify": "verification",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is used: a minion that only binds its key needs no cryptography."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
