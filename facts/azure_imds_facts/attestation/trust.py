# SPDX-License-Identifier: Apache-2.0
"""The roots that are trusted, and the intermediates that are known: those shipped, and those that were given.

A certificate is trusted as a root by its fingerprint alone, never an intermediate by its name: Microsoft changes
intermediates without notice (documented).
"""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass

from azure_imds_facts.attestation.certificates import is_self_issued, parse_certificates, spell_fingerprint
from azure_imds_facts.attestation.errors import FormError, TrustError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cryptography import x509

# File in roots/ → SHA-256 of the certificate. From Microsoft's page "Azure Certificate Authority details".
ROOTS = {
    "digicert_global_root_g2.pem": "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f",
    "microsoft_rsa_root_ca_2017.pem": "c741f70f4b2a8d88bf2e71c14122ef53ef10eba0cfa5e64cfa20f418853073e0",
    # In Windows' store, not in Mozilla's: docs/proof-explained.md shows the fingerprint, to be compared.
    "microsoft_tls_rsa_root_g2.pem": "6a170583db584151e1c454eeca2a64cc5d8e484a5bd1156e720b4458654ee9e5",
}
# Files in intermediates/. They save a request; trust in them comes from a root. DigiCert's cross-signed twins of the
# issuing CAs have the same keys, so that these chains do for theirs.
INTERMEDIATES = (
    "microsoft_azure_rsa_tls_issuing_ca_03.pem",
    "microsoft_azure_rsa_tls_issuing_ca_04.pem",
    "microsoft_azure_rsa_tls_issuing_ca_07.pem",
    "microsoft_azure_rsa_tls_issuing_ca_08.pem",
    "microsoft_tls_g2_rsa_ca_ocsp_02.pem",
    "microsoft_tls_g2_rsa_ca_ocsp_04.pem",
)


@dataclass(frozen=True)
class Trust:
    """Roots that end a chain, and intermediates that may stand in one."""

    roots: tuple[x509.Certificate, ...]
    intermediates: tuple[x509.Certificate, ...] = ()

    def add(self, *, trusted: tuple[bytes, ...] = (), intermediates: tuple[bytes, ...] = ()) -> Trust:
        """Return one with the certificates of these files too, each PEM or DER.

        A root is its own issuer; what else is in a `trusted` file counts as an intermediate. Raises TrustError.
        """
        roots, known = list(self.roots), list(self.intermediates)
        for content in trusted:
            found = _parse(content)
            own = [certificate for certificate in found if is_self_issued(certificate)]
            if not own:
                raise TrustError("There is no root to trust in the file: none of its certificates is its own issuer.")
            roots += own
            known += [certificate for certificate in found if certificate not in own]
        for content in intermediates:
            known += _parse(content)
        return Trust(roots=tuple(roots), intermediates=tuple(known))


def _parse(content: bytes) -> list[x509.Certificate]:
    try:
        return parse_certificates(content)
    except FormError:
        raise TrustError("The file holds no certificate that can be read.", hint="Give PEM or DER.") from None


def read_shipped() -> Trust:
    """Return the roots and intermediates of this package. Raises TrustError if a root was replaced."""
    roots = []
    for name, fingerprint in ROOTS.items():
        (certificate,) = _parse(_read(f"roots/{name}"))
        if spell_fingerprint(certificate) != fingerprint:
            raise TrustError(f"The shipped root {name} is not the one that it was.", hint="Install the package anew.")
        roots.append(certificate)
    known = [certificate for name in INTERMEDIATES for certificate in _parse(_read(f"intermediates/{name}"))]
    return Trust(roots=tuple(roots), intermediates=tuple(known))


def _read(name: str) -> bytes:
    """Return a file of this package, which may lie in a zip."""
    return pkgutil.get_data("azure_imds_facts.attestation", name) or b""
