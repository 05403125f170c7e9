# SPDX-License-Identifier: Apache-2.0
"""X.509 certificates: parsed whole, so that none fails later where nobody expects it."""

from __future__ import annotations

import warnings

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from azure_imds_facts.attestation.errors import FormError, printable

# How cryptography refuses what is no certificate, and what breaks RFC 5280 in one (a warning, here an error).
BROKEN = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    UserWarning,
)
_PEM_BEGIN = b"-----BEGIN CERTIFICATE-----"


def parse_certificate(encoded: bytes) -> x509.Certificate:
    """Return a certificate in DER. Raises FormError where any part of it cannot be read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            certificate = x509.load_der_x509_certificate(encoded)
            for part in ("extensions", "subject", "issuer", "serial_number", "not_valid_before_utc"):
                getattr(certificate, part)
            certificate.public_key()
    except BROKEN:
        raise FormError("A certificate cannot be read.") from None
    return certificate


def parse_certificates(content: bytes) -> list[x509.Certificate]:
    """Return the certificates in a PEM file, or the one in a DER file. Raises FormError."""
    if _PEM_BEGIN not in content:
        return [parse_certificate(content)]
    try:
        loaded = x509.load_pem_x509_certificates(content)
    except BROKEN:
        raise FormError("A certificate cannot be read.") from None
    return [parse_certificate(certificate.public_bytes(Encoding.DER)) for certificate in loaded]


def has_issued(issuer: x509.Certificate, certificate: x509.Certificate) -> bool:
    """Return whether names and signature fit."""
    if issuer.subject != certificate.issuer:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (*BROKEN, InvalidSignature):
        return False
    return True


def is_self_issued(certificate: x509.Certificate) -> bool:
    """Return whether issuer and subject are the same, as with a root."""
    return certificate.issuer == certificate.subject


def spell_name(certificate: x509.Certificate) -> str:
    """Return the common name, for people; else the whole name."""
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return printable(str(names[0].value) if names else certificate.subject.rfc4514_string())


def spell_fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of a certificate, 64 hex digits."""
    return certificate.fingerprint(hashes.SHA256()).hex()
