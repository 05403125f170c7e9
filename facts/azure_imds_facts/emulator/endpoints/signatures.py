# SPDX-License-Identifier: Apache-2.0
"""Signatures as Azure makes them: PKCS#7 with the content and the signer's certificate in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .certificates import Issued

__all__ = ["sign_content", "sign_weakly"]

# Object identifiers in DER, equally long: 2.16.840.1.101.3.4.2.1, 1.2.840.113549.1.1.11 and 1.2.840.113549.1.1.5.
_SHA256 = bytes.fromhex("0609608648016503040201")
_SHA256_RSA = bytes.fromhex("06092a864886f70d01010b")
_SHA1_RSA = bytes.fromhex("06092a864886f70d010105")


def sign_content(content: bytes, *signers: Issued) -> bytes:
    """Return PKCS#7 SignedData in DER that includes the content and the signers' certificates; SHA-256 (documented).

    There are no signed attributes, and the digest is named by the OID of sha256WithRSAEncryption (both recorded).
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    builder = pkcs7.PKCS7SignatureBuilder().set_data(content)
    for certificate, key in signers:
        builder = builder.add_signer(certificate, key, hashes.SHA256())
    signed = builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoAttributes])
    # The names are equally long, and no signature covers them: one is before the content, one after it.
    return _name_digest(signed, _SHA256, _SHA256_RSA)


def sign_weakly(content: bytes, signer: Issued) -> bytes:
    """Return the same by SHA-1."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

    signed = _name_digest(sign_content(content, signer), _SHA256_RSA, _SHA1_RSA)
    signature = signer[1].sign(content, PKCS1v15(), hashes.SHA1())  # noqa: S303  it has to be refused
    return signed[: -len(signature)] + signature  # it stands at the end


def _name_digest(signed: bytes, old: bytes, new: bytes) -> bytes:
    head, tail = signed.index(old), signed.rindex(old)
    return b"".join((signed[:head], new, signed[head + len(old) : tail], new, signed[tail + len(old) :]))
