# SPDX-License-Identifier: Apache-2.0
"""The signature: whose it is, and whether it fits the content."""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from azure_imds_facts.attestation.certificates import BROKEN, parse_certificate
from azure_imds_facts.attestation.errors import AlgorithmError, FormError, SignatureError, SignerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography import x509

    from azure_imds_facts.attestation.signed_data import SignedData

_SHA2: dict[str, type[hashes.HashAlgorithm]] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
# OID in DER → its SHA-2. Azure's signatures name the combined algorithm where the digest's belongs.
_RSA_WITH = {
    bytes.fromhex(f"2a864886f70d01010{last}"): name for last, name in (("b", "256"), ("c", "384"), ("d", "512"))
}
_DIGESTS = {bytes.fromhex(f"60864801650304020{last}"): name for last, name in ((1, "256"), (2, "384"), (3, "512"))}
_PLAIN_RSA = bytes.fromhex("2a864886f70d010101")
# Refused by name, since people meet them in old examples.
_WEAK = {
    bytes.fromhex("2b0e03021a"): "SHA-1",
    bytes.fromhex("2a864886f70d010105"): "SHA-1",
    bytes.fromhex("2a864886f70d0205"): "MD5",
    bytes.fromhex("2a864886f70d010104"): "MD5",
}
_KEY_BITS = range(2048, 8193)


def verify_signature(signed: SignedData) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """Return the signer's certificate, and the others that came along, once the signature fits.

    The signer is the one that SignerInfo names by issuer and serial number, wherever its certificate stands.
    Raises FormError, SignerError, AlgorithmError or SignatureError.
    """
    certificates = [parse_certificate(encoded) for encoded in signed.certificates]
    signer = signed.signer
    named = [
        certificate
        for certificate in certificates
        if certificate.serial_number == signer.serial_number and _encode_issuer(certificate) == signer.issuer
    ]
    if len(named) != 1:
        raise SignerError(f"The signer's certificate is in the document {len(named)} times, not once.")
    algorithm = _SHA2[_choose_digest(signer.digest_oid, signer.signature_oid)]()
    _check_certificate(named[0])
    if signer.attributes is not None and _digest(algorithm, signed.content) != signer.message_digest:
        raise SignatureError("The content is not the one whose digest was signed: it was changed.")
    _check_key(
        named[0], signer.signature, signed.content if signer.attributes is None else signer.attributes, algorithm
    )
    return named[0], [certificate for certificate in certificates if certificate is not named[0]]


def _encode_issuer(certificate: x509.Certificate) -> bytes:
    try:
        return certificate.issuer.public_bytes()
    except BROKEN:
        raise FormError("A certificate cannot be read.") from None


def _choose_digest(digest_oid: bytes, signature_oid: bytes) -> str:
    """Return the SHA-2 that both algorithms name. Raises AlgorithmError."""
    for oid in (digest_oid, signature_oid):
        if oid in _WEAK:
            raise AlgorithmError(f"The signature is by {_WEAK[oid]}, which can be forged.")
    name = _DIGESTS.get(digest_oid) or _RSA_WITH.get(digest_oid)
    if name is None or signature_oid not in {_PLAIN_RSA, *_RSA_WITH}:
        raise AlgorithmError("The signature is by an algorithm that IMDS does not use: it uses RSA with SHA-2.")
    if _RSA_WITH.get(signature_oid, name) != name:
        raise AlgorithmError("The signature names two different digests.")
    return name


def _check_certificate(certificate: x509.Certificate) -> None:
    try:
        algorithm = certificate.signature_hash_algorithm
    except BROKEN:
        algorithm = None
    if algorithm is None or algorithm.name in ("sha1", "md5"):
        raise AlgorithmError("The signer's certificate is signed by an algorithm that is not accepted.")


def _digest(algorithm: hashes.HashAlgorithm, content: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(content)
    return digest.finalize()


def _check_key(certificate: x509.Certificate, signature: bytes, signed: bytes, algorithm: hashes.HashAlgorithm) -> None:
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size not in _KEY_BITS:
        raise AlgorithmError("The signer's key is no RSA key of 2048 bits or more.")
    try:
        key.verify(signature, signed, padding.PKCS1v15(), algorithm)
    except (InvalidSignature, *BROKEN):
        raise SignatureError("The signature does not fit the content: one of them was changed.") from None
