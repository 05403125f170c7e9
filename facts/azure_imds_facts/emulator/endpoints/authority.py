# SPDX-License-Identifier: Apache-2.0
"""A temporary certificate authority and signing keys. They are generated on first use and kept in memory only."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.files import write_files
from azure_imds_facts.emulator.http.listener import IMDS_ADDRESS

from .certificates import issue_intermediate, issue_leaf, issue_root
from .signatures import sign_content

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from .certificates import Issued

__all__ = ["INTERMEDIATE_PATH", "Authority"]

# Where Azure's certificates name `http://www.microsoft.com/pkiops/certs/…` (recorded).
INTERMEDIATE_PATH = "/pkiops/certs/emulated-imds-ca.crt"


class Authority:
    """Signs attested documents and tokens.

    `common_name` is the cloud's domain, `region` the name before it in the certificate for attested documents: that is
    for `<region>.metadata.azure.com` and `metadata.azure.com` in the public cloud (recorded).
    """

    def __init__(self, *, common_name: str, region: str) -> None:
        self._common_name = common_name
        self._region = region
        self._base_url = f"http://{IMDS_ADDRESS}"

    def serve_at(self, base_url: str) -> None:
        """Let later certificates say that their issuer's can be had below a URL; by default the real address."""
        self._base_url = base_url
        self.__dict__.pop("_leaf", None)

    def sign_document(self, content: bytes) -> bytes:
        """Return PKCS#7 SignedData in DER that includes the content and the leaf's certificate."""
        return sign_content(content, self._leaf)

    @property
    def intermediate(self) -> bytes:
        """The certificate of the intermediate authority, in DER."""
        _, (certificate, _) = self._authorities
        from cryptography.hazmat.primitives.serialization import Encoding

        return certificate.public_bytes(Encoding.DER)

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
        """Write certificates and keys; return their paths.

        `root.pem`, `intermediate.pem`, `ca.pem` (both), `attested.pem` (the leaf), `token-key.pem` and `jwks.json`. A
        cloud without attested documents has no `attested.pem`.

        Raises:
            EmulatorError: the directory cannot be written.
        """
        authorities = self._authorities
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        root, intermediate = (certificate.public_bytes(Encoding.PEM) for certificate, _ in authorities)
        public_key = self._token_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        files = {
            "root.pem": root,
            "intermediate.pem": intermediate,
            "ca.pem": root + intermediate,
            "token-key.pem": public_key,
            "jwks.json": json.dumps(self.key_set, indent=2).encode() + b"\n",
        }
        if self._common_name:
            files["attested.pem"] = self._leaf[0].public_bytes(Encoding.PEM)
        write_files(directory, files)
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
    def _authorities(self) -> tuple[Issued, Issued]:
        """Root and intermediate."""
        root = issue_root("Emulated IMDS root", _generate_key())
        return root, issue_intermediate("Emulated IMDS CA", _generate_key(), issuer=root)

    @functools.cached_property
    def _leaf(self) -> Issued:
        """The signer of documents. Its certificate is the only one in a signature, as in Azure (recorded)."""
        return self._issue_leaf(self._common_name)

    def _issue_leaf(self, domain: str) -> Issued:
        return issue_leaf(
            domain,
            _generate_key(),
            issuer=self._authorities[1],
            hosts=(f"{self._region}.{domain}", domain),
            issuer_url=self._base_url + INTERMEDIATE_PATH,
        )


def _generate_key() -> RSAPrivateKey:
    try:
        from cryptography.hazmat.primitives.asymmetric import rsa
    except ImportError as error:
        raise EmulatorError(
            "signatures need the package cryptography: pip install 'azure-imds-facts[emulator]'"
        ) from error
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _encode_base64url(content: bytes) -> bytes:
    return base64.urlsafe_b64encode(content).rstrip(b"=")


def _encode_integer(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
