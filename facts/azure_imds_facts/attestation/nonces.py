# SPDX-License-Identifier: Apache-2.0
"""The nonce that binds a public key to a document."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from azure_imds_facts.attestation.errors import FormError

_PEM = re.compile(r"\s*-----BEGIN ([A-Z ]*PUBLIC KEY)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*", re.ASCII)
# IMDS takes 32 characters (its swagger; its pages speak of 10 digits).
_LENGTH = 32


def bind_key(pem: str) -> str:
    """Return the nonce for a public key in PEM: 32 hex digits of the SHA-256 of its DER. Raises FormError."""
    found = _PEM.fullmatch(pem)
    try:
        encoded = base64.b64decode("".join(found[2].split()), validate=True) if found else b""
    except binascii.Error:
        encoded = b""
    if not encoded:
        raise FormError("The key is no public key in PEM.")
    return hashlib.sha256(encoded).hexdigest()[:_LENGTH]


def is_bound(pem: str, nonce: str) -> bool:
    """Return whether a text is the public key that a nonce binds."""
    try:
        return bind_key(pem) == nonce
    except FormError:
        return False
