# SPDX-License-Identifier: Apache-2.0
"""The nonce that binds a public key."""

from __future__ import annotations

import hashlib
import re

import pytest
from azure_imds_facts.attestation import bind_key
from azure_imds_facts.attestation.errors import FormError
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.attested import make_key

KEY = make_key("minion").public_key()
PEM = KEY.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
DER = KEY.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.mark.parametrize("pem", [PEM, PEM.replace("\n", "\r\n"), f"\n{PEM}\n", PEM.strip()], ids=range(4))
def test_is_of_the_der(pem: str) -> None:
    """It is the beginning of the SHA-256 of the DER, however the PEM is laid out, and fits IMDS's 32 characters."""
    assert bind_key(pem) == hashlib.sha256(DER).hexdigest()[:32]
    assert re.fullmatch("[0-9a-f]{32}", bind_key(pem))


@pytest.mark.parametrize(
    "pem", ["", PEM[:100], PEM + PEM, PEM.replace("PUBLIC", "PRIVATE"), PEM.replace("A", "!")], ids=range(5)
)
def test_other_text(pem: str) -> None:
    """What is not one public key has no nonce."""
    with pytest.raises(FormError):
        bind_key(pem)
