# SPDX-License-Identifier: Apache-2.0
"""The forms in which a signed document is handed on: IMDS's JSON, its signature in base64, PEM, or DER."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping

from azure_imds_facts.attestation.errors import FormError, SizeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Union

    Document = Union[str, bytes, Mapping[str, object]]

# Real ones take 3 to 6 KiB, with a whole chain in them 12.
MOST_DER_BYTES = 64 * 1024
MOST_BYTES = 128 * 1024
_PEM = re.compile(rb"-----BEGIN (?:PKCS7|CMS)-----([A-Za-z0-9+/=\s]+)-----END (?:PKCS7|CMS)-----")
_HINT = "Give the answer of IMDS's attested/document as it came, or its `signature`."


def parse_envelope(document: Document) -> bytes:
    """Return the DER of a document, whatever form it comes in. Raises FormError or SizeError."""
    if isinstance(document, Mapping):
        return _check_size(_decode(_take_signature(document)))
    if isinstance(document, str):
        document = document.encode(errors="replace")
    if len(document) > MOST_BYTES:
        raise _too_large(len(document))
    if document[:1] == b"\x30" and document[1:2] >= b"\x80":  # no text begins so
        return _check_size(document)
    text = document.strip()
    if text.startswith(b"{"):
        return _check_size(_decode(_take_signature(_parse_json(text))))
    pem = _PEM.fullmatch(text)
    return _check_size(_decode(pem[1] if pem else text))


def _parse_json(text: bytes) -> Mapping[str, object]:
    try:
        parsed: Mapping[str, object] = json.loads(text)
    except (ValueError, RecursionError):
        raise FormError("The document begins as JSON does, and is none.", hint=_HINT) from None
    return parsed


def _take_signature(answer: Mapping[str, object]) -> bytes:
    """Return the signature in IMDS's answer."""
    signature, encoding = answer.get("signature"), answer.get("encoding", "pkcs7")
    if not isinstance(signature, str) or encoding != "pkcs7":
        raise FormError("The document is JSON without a `signature` in the encoding pkcs7.", hint=_HINT)
    if len(signature) > MOST_BYTES:
        raise _too_large(len(signature))
    return signature.encode(errors="replace")


def _decode(text: bytes) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise FormError("The document is neither IMDS's JSON nor base64 nor DER.", hint=_HINT) from None


def _check_size(der: bytes) -> bytes:
    if not der:
        raise FormError("The document is empty.", hint=_HINT)
    if len(der) > MOST_DER_BYTES:
        raise _too_large(len(der))
    return der


def _too_large(size: int) -> SizeError:
    return SizeError(f"The document has {size} bytes; a signed document has a few thousand.", hint=_HINT)
