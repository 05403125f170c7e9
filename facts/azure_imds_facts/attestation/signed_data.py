# SPDX-License-Identifier: Apache-2.0
"""CMS SignedData (RFC 5652, also PKCS#7), as IMDS makes it: data in it, certificates, one signer."""

from __future__ import annotations

from dataclasses import dataclass

from azure_imds_facts.attestation import der
from azure_imds_facts.attestation.errors import AlgorithmError, FormError, SignerError

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
DATA = bytes.fromhex("2a864886f70d010701")
_CONTENT_TYPE = bytes.fromhex("2a864886f70d010903")
_MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")
_NULL = bytes((der.NULL, 0))
# What a real document has is one, the leaf; a whole chain has four.
_MOST_CERTIFICATES = 8


@dataclass(frozen=True)
class SignerInfo:
    """A signer, named by the DER of its certificate's issuer and the serial number; algorithms are their OIDs' bytes.

    `attributes`: the DER that was signed instead of the content, None where the content itself was (as IMDS does).
    `message_digest`: the digest of the content that stands among the attributes.
    """

    issuer: bytes
    serial_number: int
    digest_oid: bytes
    signature_oid: bytes
    signature: bytes
    attributes: bytes | None
    message_digest: bytes | None


@dataclass(frozen=True)
class SignedData:
    """What was signed, the certificates that came along (each in DER), and the one signer."""

    content: bytes
    certificates: tuple[bytes, ...]
    signer: SignerInfo


def parse_signed_data(encoded: bytes) -> SignedData:
    """Return the parts of a ContentInfo in DER.

    Raises FormError where it is no such structure, SignerError where it has not exactly one signer, AlgorithmError for
    an algorithm with parameters.
    """
    content_type, wrapped = _take(der.read_sequence(der.read_one(encoded, name="ContentInfo"), name="ContentInfo"), 2)
    if der.expect(content_type, der.OID, name="type") != _SIGNED_DATA:
        raise FormError("The signature is a CMS structure of another type than SignedData.")
    signed = der.read_one(der.expect(wrapped, der.CONTEXT_0, name="SignedData"), name="SignedData")
    version, digests, encapsulated, *rest = _take(der.read_sequence(signed, name="SignedData"), 4, most=5)
    _check_version(version)
    der.expect(digests, der.SET, name="digest algorithms")
    certificates = der.read_items(der.expect(rest[0], der.CONTEXT_0, name="certificates")) if len(rest) == 2 else []
    if len(certificates) > _MOST_CERTIFICATES:
        raise SignerError(f"There are {len(certificates)} certificates in it, more than any chain has.")
    for certificate in certificates:
        der.expect(certificate, der.SEQUENCE, name="certificates")
    signers = der.read_sequence(rest[-1], tag=der.SET, name="signers")
    if len(signers) != 1:
        raise SignerError(f"The document has {len(signers)} signers; IMDS's has one.")
    return SignedData(
        content=_read_content(encapsulated),
        certificates=tuple(certificate.whole for certificate in certificates),
        signer=_parse_signer(signers[0]),
    )


def _take(items: list[der.Item], least: int, *, most: int | None = None) -> list[der.Item]:
    """Return the values where there are as many as there have to be."""
    if not least <= len(items) <= (most or least):
        raise FormError(f"The signature has {len(items)} values in a place for {least}.")
    return items


def _check_version(item: der.Item) -> None:
    if len(der.expect(item, der.INTEGER, name="version")) != 1:
        raise FormError("The signature has a version that CMS does not have.")


def _read_content(encapsulated: der.Item) -> bytes:
    """Return the content of an EncapsulatedContentInfo, which has to be there and plain data."""
    kind, wrapped = _take(der.read_sequence(encapsulated, name="content"), 2)
    if der.expect(kind, der.OID, name="type of content") != DATA:
        raise FormError("What is signed is no plain data.")
    content = der.read_one(der.expect(wrapped, der.CONTEXT_0, name="content"), tag=der.OCTET_STRING, name="content")
    return content.content


def _parse_signer(item: der.Item) -> SignerInfo:
    version, identifier, digest, *rest = _take(der.read_sequence(item, name="signer"), 5, most=6)
    _check_version(version)
    if identifier.tag != der.SEQUENCE:
        raise SignerError("The signer is not named by issuer and serial number, as IMDS's is.")
    issuer, serial = _take(der.read_sequence(identifier, name="signer's name"), 2)
    attributes = rest.pop(0) if rest[0].tag == der.CONTEXT_0 else None
    # Unsigned attributes (a timestamp) are nothing that IMDS adds.
    signature_algorithm, signature = _take(rest, 2)
    return SignerInfo(
        issuer=issuer.whole,
        serial_number=int.from_bytes(der.expect(serial, der.INTEGER, name="serial number"), "big", signed=True),
        digest_oid=_read_algorithm(digest),
        signature_oid=_read_algorithm(signature_algorithm),
        signature=der.expect(signature, der.OCTET_STRING, name="signature"),
        # They are signed as a SET, whatever tag they carry.
        attributes=bytes((der.SET,)) + attributes.whole[1:] if attributes else None,
        message_digest=_read_message_digest(attributes) if attributes else None,
    )


def _read_algorithm(item: der.Item) -> bytes:
    oid, *parameters = _take(der.read_sequence(item, name="algorithm"), 1, most=2)
    if parameters and parameters[0].whole != _NULL:
        raise AlgorithmError("An algorithm has parameters, which those of IMDS's signatures do not.")
    return der.expect(oid, der.OID, name="algorithm")


def _read_message_digest(attributes: der.Item) -> bytes:
    """Return the digest among signed attributes, which have to say too that the content is data (RFC 5652, 5.3)."""
    values: dict[bytes, bytes] = {}
    for attribute in der.read_items(attributes.content):
        kind, several = _take(der.read_sequence(attribute, name="attribute"), 2)
        (value,) = _take(der.read_sequence(several, tag=der.SET, name="attribute"), 1)
        oid = der.expect(kind, der.OID, name="attribute")
        if oid in values:
            raise FormError("The signature has an attribute twice.")
        values[oid] = value.content
    if values.get(_CONTENT_TYPE) != DATA or _MESSAGE_DIGEST not in values:
        raise FormError("The signature has signed attributes without the content's type and digest.")
    return values[_MESSAGE_DIGEST]
