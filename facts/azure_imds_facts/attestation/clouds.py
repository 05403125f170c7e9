# SPDX-License-Identifier: Apache-2.0
"""The clouds whose IMDS signs documents, and the domain for which each one's certificate is (documented)."""

from __future__ import annotations

from cryptography import x509

from azure_imds_facts.attestation.errors import DomainError, TrustError, printable

DOMAINS = {
    "AzureCloud": "metadata.azure.com",
    "AzureUSGovernment": "metadata.azure.us",
    "AzureChinaCloud": "metadata.azure.cn",
    "AzureGermanCloud": "metadata.microsoftazure.de",
}
# As IMDS itself names them in `azEnvironment`.
_ALIASES = {"azurepubliccloud": "AzureCloud", "azureusgovernmentcloud": "AzureUSGovernment"}


def find_cloud(name: str) -> str:
    """Return a cloud's name, found without case. Raises TrustError."""
    known = {**{cloud.lower(): cloud for cloud in DOMAINS}, **_ALIASES}
    if name.lower() not in known:
        hint = f"Give one of {', '.join(DOMAINS)}."
        raise TrustError(f"The domain of the cloud {printable(name)!r} is not known.", hint=hint)
    return known[name.lower()]


def find_domain(certificate: x509.Certificate, cloud: str | None) -> tuple[str, str]:
    """Return the cloud of a certificate, and the name by which it is that cloud's.

    The name is the domain itself or one below it, from the subject's alternative names; the common name means nothing.
    `cloud` None: any. Raises DomainError.
    """
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        names = [name.lower() for name in alternative.value.get_values_for_type(x509.DNSName)]
    except x509.ExtensionNotFound:
        names = []
    for candidate, domain in DOMAINS.items():
        if cloud not in (None, candidate):
            continue
        for name in names:
            if name == domain or name.endswith(f".{domain}"):
                return candidate, name
    wanted = DOMAINS[cloud] if cloud else " or ".join(DOMAINS.values())
    found = printable(", ".join(names[:4]), most=200) or "no name"
    raise DomainError(f"The certificate is for {found}, not for {wanted}.")
