# SPDX-License-Identifier: Apache-2.0
"""Signed documents in Azure's form, made by hand from throw-away keys, so that each part of one can be wrong."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import json
from dataclasses import dataclass, replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.timezone.utc)
VM_ID = "0f1e2d3c-4b5a-4697-8879-6a5b4c3d2e1f"
SUBSCRIPTION = "5f130ffc-0a3e-4795-b691-4f56a12a5547"
NONCE = "0123456789abcdef0123456789abcdef"
AIA = "http://www.microsoft.com/pkiops/certs/Test%20CA.crt"
SHA256, SHA1, MD5 = (bytes.fromhex(oid) for oid in ("608648016503040201", "2b0e03021a", "2a864886f70d0205"))
RSA, SHA256_RSA, SHA512_RSA = (bytes.fromhex(f"2a864886f70d0101{last}") for last in ("01", "0b", "0d"))
DATA, SIGNED_DATA = bytes.fromhex("2a864886f70d010701"), bytes.fromhex("2a864886f70d010702")
_CONTENT_TYPE, _MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010903"), bytes.fromhex("2a864886f70d010904")


def encode(tag: int, *parts: bytes) -> bytes:
    """Return a value in DER."""
    content = b"".join(parts)
    size = len(content)
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, size)) + content if size < 128 else bytes((tag, 0x80 | len(digits))) + digits + content


def encode_integer(value: int) -> bytes:
    """Return an INTEGER in DER."""
    return encode(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def encode_algorithm(oid: bytes, parameters: bytes = b"\x05\x00") -> bytes:
    """Return an AlgorithmIdentifier."""
    return encode(0x30, encode(6, oid), parameters)


@functools.lru_cache
def make_key(name: str, *, size: int = 2048) -> rsa.RSAPrivateKey:
    """Return the key of this name: made once, since that takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=size)


@dataclass(frozen=True)
class Certificate:
    """What a certificate says. `issuer` None: itself; `names` empty: a certificate authority."""

    subject: str
    issuer: Certificate | None = None
    names: tuple[str, ...] = ()
    begins: dt.datetime = NOW - dt.timedelta(days=30)
    ends: dt.datetime = NOW + dt.timedelta(days=150)
    key: Any = None
    usage: Any = ExtendedKeyUsageOID.SERVER_AUTH
    aia: str = AIA
    has_alternative_names: bool = True
    is_authority: bool | None = None

    @property
    def private_key(self) -> Any:
        """Its key, by its subject unless another was given."""
        return self.key or make_key(self.subject)

    @functools.cached_property
    def signed(self) -> x509.Certificate:
        """The certificate itself."""
        issuer = self.issuer or self
        is_authority = not self.names if self.is_authority is None else self.is_authority
        public, issuing = self.private_key.public_key(), issuer.private_key.public_key()
        builder = (
            x509.CertificateBuilder()
            .subject_name(_build_name(self.subject))
            .issuer_name(_build_name(issuer.subject))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.begins)
            .not_valid_after(self.ends)
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuing), critical=False)
            .add_extension(_build_usage(is_authority=is_authority), critical=True)
        )
        if self.issuer:
            builder = builder.add_extension(x509.ExtendedKeyUsage([self.usage]), critical=False)
            location = x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(self.aia)
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([location]), critical=False)
        if self.names and self.has_alternative_names:
            names = x509.SubjectAlternativeName([x509.DNSName(name) for name in self.names])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(issuer.private_key, hashes.SHA256())

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.signed.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.signed.public_bytes(serialization.Encoding.PEM)


def _build_name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _build_usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not is_authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


ROOT = Certificate("Test Root", begins=NOW - dt.timedelta(days=900), ends=NOW + dt.timedelta(days=5000))
INTERMEDIATE = Certificate("Test CA 01", ROOT, begins=NOW - dt.timedelta(days=500), ends=NOW + dt.timedelta(days=1000))
LEAF = Certificate("metadata.azure.com", INTERMEDIATE, ("westus2.metadata.azure.com", "metadata.azure.com"))
# Made by somebody who is not trusted, under the same names.
FOREIGN_ROOT = replace(ROOT, key=make_key("foreign root"))
FOREIGN_CA = replace(INTERMEDIATE, issuer=FOREIGN_ROOT, key=make_key("foreign CA"))
FOREIGN_LEAF = replace(LEAF, issuer=FOREIGN_CA, key=make_key("foreign leaf"))


def elliptic_key() -> ec.EllipticCurvePrivateKey:
    """Return a key that is none of RSA."""
    return ec.generate_private_key(ec.SECP256R1())


def build_content(
    created: dt.datetime = NOW, *, lifetime: dt.timedelta = dt.timedelta(hours=6), **fields: Any
) -> bytes:
    """Return what IMDS signs; a field of None is left out."""
    content = {
        "licenseType": "",
        "nonce": NONCE,
        "plan": {"name": "", "product": "", "publisher": ""},
        "sku": "22_04-lts-gen2",
        "subscriptionId": SUBSCRIPTION,
        "timeStamp": {"createdOn": format_time(created), "expiresOn": format_time(created + lifetime)},
        "vmId": VM_ID,
        **fields,
    }
    return json.dumps(
        {name: value for name, value in content.items() if value is not None}, separators=(",", ":")
    ).encode()


def format_time(moment: dt.datetime) -> str:
    """Spell a moment as IMDS does."""
    return moment.strftime("%m/%d/%y %H:%M:%S -0000")


@dataclass(frozen=True)
class Document:
    """The parts of a signed document, each of which a test may replace."""

    content: bytes
    signer: Certificate = LEAF
    certificates: tuple[bytes, ...] | None = None
    digest_oid: bytes = SHA256_RSA
    signature_oid: bytes = RSA
    parameters: bytes = b"\x05\x00"
    has_attributes: bool = False
    message_digest: bytes | None = None
    key: Any = None
    named: Certificate | None = None
    signer_infos: tuple[bytes, ...] | None = None
    content_type: bytes = DATA
    outer_type: bytes = SIGNED_DATA

    @property
    def signer_info(self) -> bytes:
        """The SignerInfo, with the signature in it."""
        named = (self.named or self.signer).signed
        identifier = encode(0x30, named.issuer.public_bytes(), encode_integer(named.serial_number))
        attributes = self._attributes
        signed = encode(0x31, attributes) if self.has_attributes else self.content
        key = self.key or self.signer.private_key
        signature = key.sign(signed, padding.PKCS1v15(), hashes.SHA256()) if hasattr(key, "key_size") and not isinstance(
            key, ec.EllipticCurvePrivateKey
        ) else key.sign(signed, ec.ECDSA(hashes.SHA256()))  # fmt: skip
        return encode(
            0x30,
            encode_integer(1),
            identifier,
            encode_algorithm(self.digest_oid, self.parameters),
            encode(0xA0, attributes) if self.has_attributes else b"",
            encode_algorithm(self.signature_oid, self.parameters),
            encode(4, signature),
        )

    @property
    def _attributes(self) -> bytes:
        digest = self.message_digest
        if digest is None:
            hashed = hashes.Hash(hashes.SHA256())
            hashed.update(self.content)
            digest = hashed.finalize()
        return encode(0x30, encode(6, _CONTENT_TYPE), encode(0x31, encode(6, DATA))) + encode(
            0x30, encode(6, _MESSAGE_DIGEST), encode(0x31, encode(4, digest))
        )

    @property
    def der(self) -> bytes:
        """The whole in DER."""
        certificates = (self.signer.der,) if self.certificates is None else self.certificates
        infos = (self.signer_info,) if self.signer_infos is None else self.signer_infos
        signed = encode(
            0x30,
            encode_integer(1),
            encode(0x31, encode_algorithm(self.digest_oid)),
            encode(0x30, encode(6, self.content_type), encode(0xA0, encode(4, self.content))),
            encode(0xA0, *certificates),
            encode(0x31, *infos),
        )
        return encode(0x30, encode(6, self.outer_type), encode(0xA0, signed))

    @property
    def base64(self) -> str:
        """The signature as IMDS sends it."""
        return base64.b64encode(self.der).decode()

    @property
    def answer(self) -> dict[str, str]:
        """IMDS's answer."""
        return {"encoding": "pkcs7", "signature": self.base64}
