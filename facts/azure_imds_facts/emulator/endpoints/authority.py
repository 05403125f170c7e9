# SPDX-License-Identifier: Apache-2.0
"""A temporary certificate authority and signing keys. They are generated on first use and kept in memory only."""

from __future__ import annotations

import base64
import datetime as dt
import functools
import hashlib
import json
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["Authority"]

_VALIDITY = dt.timedelta(days=30)


class Authority:
    """Signs attested documents and tokens.

    `common_name` and `host` are the common and the alternative name of the certificate for attested documents. The
    latter is `<region>.metadata.azure.com` in the public cloud (documented).
    """

    def __init__(self, *, common_name: str, host: str) -> None:
        self._common_name = common_name
        self._host = host

    def sign_document(self, content: bytes) -> bytes:
        """Return PKCS#7 SignedData in DER that includes the content; SHA-256 (documented)."""
        certificate, key = self._chain[-1]
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

        builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, hashes.SHA256())
        return builder.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities])

    def sign_token(self, claims: dict[str, Any]) -> str:
        """Return a JSON Web Token, RS256, with the key id of the exported key set."""
        header = {"typ": "JWT", "alg": "RS256", "x5t": self.key_id, "kid": self.key_id}
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

        signing_input = b".".join(
            _encode_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims)
        )
        signature = self._token_key.sign(signing_input, PKCS1v15(), hashes.SHA256())
        return (signing_input + b"." + _encode_base64url(signature)).decode()

    def write_public_keys(self, directory: Path) -> list[Path]:
        """Write `ca.pem` (root and intermediate), `attested.pem`, `token-key.pem` and `jwks.json`; return their paths.

        Raises:
            EmulatorError: the directory cannot be written.
        """
        chain = self._chain
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        certificates = [certificate.public_bytes(Encoding.PEM) for certificate, _ in chain]
        public_key = self._token_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        files = {
            "ca.pem": b"".join(certificates[:2]),
            "attested.pem": certificates[2],
            "token-key.pem": public_key,
            "jwks.json": json.dumps(self.key_set, indent=2).encode() + b"\n",
        }
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for name, content in files.items():
                (directory / name).write_bytes(content)
        except OSError as error:
            raise EmulatorError(f"{directory}: {format_os_error(error)}") from error
        return [directory / name for name in files]

    @property
    def key_set(self) -> dict[str, Any]:
        """The public half of the token key as a JSON Web Key Set."""
        numbers = self._token_key.public_key().public_numbers()
        modulus, exponent = (_encode_base64url(_encode_integer(value)).decode() for value in (numbers.n, numbers.e))
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id, "n": modulus, "e": exponent}
        return {"keys": [key]}

    @functools.cached_property
    def key_id(self) -> str:
        """The id of the token key, a digest of its public half."""
        modulus = _encode_integer(self._token_key.public_key().public_numbers().n)
        return _encode_base64url(hashlib.sha256(modulus).digest()[:20]).decode()

    @functools.cached_property
    def _token_key(self) -> RSAPrivateKey:
        return _generate_key()

    @functools.cached_property
    def _chain(self) -> list[tuple[x509.Certificate, RSAPrivateKey]]:
        """Root, intermediate and leaf. A signature holds the leaf only, as in Azure (recorded)."""
        root_key, intermediate_key, leaf_key = _generate_key(), _generate_key(), _generate_key()
        root = _issue_certificate("Emulated IMDS root", root_key, "Emulated IMDS root", root_key, ca=True)
        intermediate = _issue_certificate("Emulated IMDS CA", intermediate_key, "Emulated IMDS root", root_key, ca=True)
        leaf = _issue_certificate(self._common_name, leaf_key, "Emulated IMDS CA", intermediate_key, host=self._host)
        return [(root, root_key), (intermediate, intermediate_key), (leaf, leaf_key)]


def _generate_key() -> RSAPrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError as error:
        raise EmulatorError(
            "signatures need the package cryptography: pip install 'azure-imds-facts[emulator]'"
        ) from error
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _issue_certificate(
    name: str, key: RSAPrivateKey, issuer: str, issuer_key: RSAPrivateKey, *, ca: bool = False, host: str = ""
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    now = dt.datetime.now(dt.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_build_name(name))
        .issuer_name(_build_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + _VALIDITY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if host:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _build_name(common_name: str) -> x509.Name:
    from cryptography import x509

    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)])


def _encode_base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _encode_integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
