# SPDX-License-Identifier: Apache-2.0
"""Certificates as a public authority issues them: with all that a strict verifier of a server's chain wants."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    Issued = tuple[x509.Certificate, RSAPrivateKey]

__all__ = ["issue_intermediate", "issue_leaf", "issue_root"]

_VALIDITY = dt.timedelta(days=30)


def issue_root(name: str, key: RSAPrivateKey) -> Issued:
    """Issue a certificate that signs itself."""
    return _sign(_build_authority(name, key, issuer=None, levels_below=1), key, key)


def issue_intermediate(name: str, key: RSAPrivateKey, *, issuer: Issued) -> Issued:
    """Issue the certificate of an authority that signs leaves alone."""
    return _sign(_build_authority(name, key, issuer=issuer, levels_below=0), key, issuer[1])


def issue_leaf(name: str, key: RSAPrivateKey, *, issuer: Issued, hosts: Sequence[str], issuer_url: str) -> Issued:
    """Issue the certificate of a server. `issuer_url`: where that of its issuer can be had.

    Its key is for servers alone, as in Azure since 2026, though what it signs is no connection (recorded).
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    builder = (
        _start(name, key, issuer)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
        .add_extension(_build_usage(digital_signature=True, key_encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_build_access(issuer_url), critical=False)
    )
    return _sign(builder, key, issuer[1])


def _build_authority(
    name: str, key: RSAPrivateKey, *, issuer: Issued | None, levels_below: int
) -> x509.CertificateBuilder:
    from cryptography import x509

    return (
        _start(name, key, issuer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=levels_below), critical=True)
        .add_extension(_build_usage(key_cert_sign=True, crl_sign=True), critical=True)
    )


def _start(name: str, key: RSAPrivateKey, issuer: Issued | None) -> x509.CertificateBuilder:
    """Begin a certificate: names, key, validity and the identifiers of both keys."""
    from cryptography import x509

    now = dt.datetime.now(dt.timezone.utc)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    signer = (key if issuer is None else issuer[1]).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer[0].subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), critical=False)
    )


def _build_usage(**chosen: bool) -> x509.KeyUsage:
    from cryptography import x509

    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{name: chosen.get(name, False) for name in names})


def _build_access(issuer_url: str) -> x509.AuthorityInformationAccess:
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    method = AuthorityInformationAccessOID.CA_ISSUERS
    place = x509.UniformResourceIdentifier(issuer_url)
    return x509.AuthorityInformationAccess([x509.AccessDescription(method, place)])


def _sign(builder: x509.CertificateBuilder, key: RSAPrivateKey, signer: RSAPrivateKey) -> Issued:
    from cryptography.hazmat.primitives import hashes

    return builder.sign(signer, hashes.SHA256()), key
