# SPDX-License-Identifier: Apache-2.0
"""Proof of identity: IMDS's signed (attested) documents, verified where one decides whom to trust.

Needs the package `cryptography` (`pip install 'azure-imds-facts[attest]'`). Imports nothing of the core, so that it can
be loaded inside Ansible, where the core goes by another name.
"""

from __future__ import annotations

from azure_imds_facts.attestation.claims import Claims
from azure_imds_facts.attestation.errors import AttestationError
from azure_imds_facts.attestation.nonces import bind_key
from azure_imds_facts.attestation.trust import Trust, read_shipped
from azure_imds_facts.attestation.verification import verify

__all__ = ["AttestationError", "Claims", "Trust", "bind_key", "read_shipped", "verify"]
