# SPDX-License-Identifier: Apache-2.0
"""Why a signed document does not hold: one class a rule, each with a `reason` to act on.

AttestationError
├── FormError          form          it is no signed document in DER, base64 or IMDS's JSON
├── SizeError          size          it is larger than any signed document
├── SignerError        signer        not exactly one signer, or its certificate is not in it exactly once
├── AlgorithmError     algorithm     an algorithm that is not accepted, SHA-1 and MD5 among them
├── SignatureError     signature     the signature does not fit the content and the signer's certificate
├── DomainError        domain        the certificate is not for the metadata service of the cloud
├── ContentError       content       what is signed is not what IMDS signs
├── StaleError         stale         it is too old
├── FutureError        future        it was made later than now
├── ExpiredError       expired       it is past its own `expiresOn`
├── NonceError         nonce         its nonce is another one
├── SubscriptionError  subscription  its VM is of another subscription
├── VmError            vm            it is another VM's
├── ChainError         chain         the certificate does not chain to a trusted root at the document's time
│   └── IntermediateError  intermediate  an intermediate certificate is not known and could not be fetched
└── TrustError         trust         the certificates that were given to trust cannot be used
"""

from __future__ import annotations


def printable(text: str, *, most: int = 80) -> str:
    """Return at most so many characters, with `?` for each that cannot be seen: they are written by others."""
    return "".join(character if character.isprintable() else "?" for character in text[:most])


class AttestationError(Exception):
    """The base: what is wrong (`problem`) and what to do (`hint`), in whole sentences without the document."""

    reason = "attestation"

    def __init__(self, problem: str, *, hint: str = "") -> None:
        super().__init__(f"{problem} {hint}".rstrip())
        self.problem = problem
        self.hint = hint


class FormError(AttestationError):
    """It is no signed document: not base64, not DER, or not the CMS structure that IMDS makes."""

    reason = "form"


class SizeError(AttestationError):
    """It is larger than any signed document."""

    reason = "size"


class SignerError(AttestationError):
    """There is not exactly one signer, or the certificate that it names is not there exactly once."""

    reason = "signer"


class AlgorithmError(AttestationError):
    """A digest, a signature or a key is of a kind that is not accepted."""

    reason = "algorithm"


class SignatureError(AttestationError):
    """The signature does not fit the content and the signer's certificate."""

    reason = "signature"


class DomainError(AttestationError):
    """The signer's certificate is not for the metadata service of the cloud."""

    reason = "domain"


class ContentError(AttestationError):
    """What is signed is not what IMDS signs."""

    reason = "content"


class StaleError(AttestationError):
    """The document is older than it may be."""

    reason = "stale"


class FutureError(AttestationError):
    """The document was made later than now, by more than clocks may differ."""

    reason = "future"


class ExpiredError(AttestationError):
    """The document is past its own `expiresOn`."""

    reason = "expired"


class NonceError(AttestationError):
    """The nonce is not the one that was asked for: an answer to another question."""

    reason = "nonce"


class SubscriptionError(AttestationError):
    """The VM is of none of the subscriptions that were asked for."""

    reason = "subscription"


class VmError(AttestationError):
    """It is another VM's document."""

    reason = "vm"


class ChainError(AttestationError):
    """The signer's certificate does not chain to a trusted root at the document's time."""

    reason = "chain"


class IntermediateError(ChainError):
    """An intermediate certificate is not known, and could not or may not be fetched."""

    reason = "intermediate"


class TrustError(AttestationError):
    """The certificates that were given to trust cannot be used: nothing was verified."""

    reason = "trust"
