# SPDX-License-Identifier: Apache-2.0
"""The chain from the signer's certificate to a trusted root, at the document's time."""

from __future__ import annotations

import datetime as dt

from cryptography import x509
from cryptography.x509 import verification

from azure_imds_facts.attestation.certificates import BROKEN, has_issued, spell_name
from azure_imds_facts.attestation.errors import ChainError, FormError, IntermediateError, TrustError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from azure_imds_facts.attestation.trust import Trust

    FetchIssuer = Callable[[x509.Certificate], x509.Certificate]

# Leaf, two intermediates and a root that another root has signed.
_MOST_STEPS = 4


def build_chain(
    signer: x509.Certificate,
    others: Sequence[x509.Certificate],
    *,
    trust: Trust,
    name: str,
    moment: dt.datetime,
    fetch_issuer: FetchIssuer | None,
) -> list[x509.Certificate]:
    """Return the chain, the signer's certificate first and the root last.

    `others` came with the document. `name`: the DNS name that the signer's certificate has to be for. `fetch_issuer`
    None: nothing is fetched. Raises ChainError, IntermediateError where a certificate of the chain cannot be had.
    """
    known = [*others, *trust.intermediates]
    missing = _find_end(signer, known, trust.roots)
    for _step in range(_MOST_STEPS):
        if missing is None:
            break
        if fetch_issuer is None:
            raise IntermediateError(
                f"The issuer of {spell_name(missing)} is not known, and nothing may be fetched.",
                hint="Give its certificate as an intermediate.",
            )
        known.append(fetch_issuer(missing))
        found = _find_end(signer, known, trust.roots)
        if found is missing:
            raise IntermediateError(f"What was fetched for {spell_name(missing)} is not its issuer's certificate.")
        missing = found
    return _verify(signer, known, trust=trust, name=name, moment=moment)


def _find_end(
    signer: x509.Certificate, known: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> x509.Certificate | None:
    """Return the last certificate of the first chain whose issuer is not known, None where a chain reaches a root."""
    ends: list[x509.Certificate] = []
    reached, seen = [signer], {signer}
    for certificate in reached:
        if any(has_issued(root, certificate) for root in roots):
            return None
        issuers = [one for one in known if has_issued(one, certificate)]
        if not issuers:
            ends.append(certificate)
        for issuer in issuers:
            if issuer not in seen:
                seen.add(issuer)
                reached.append(issuer)
    return next((end for end in ends if end.issuer != end.subject), None)


def _verify(
    signer: x509.Certificate,
    known: Sequence[x509.Certificate],
    *,
    trust: Trust,
    name: str,
    moment: dt.datetime,
) -> list[x509.Certificate]:
    if not trust.roots:
        raise TrustError("There is no root to trust.")
    try:
        subject = x509.DNSName(name)
        builder = verification.PolicyBuilder().store(verification.Store(list(trust.roots)))
        verifier = builder.time(moment.astimezone(dt.timezone.utc).replace(tzinfo=None)).build_server_verifier(subject)
        return verifier.verify(signer, list(known))
    except verification.VerificationError as error:
        said = printable(str(error), most=200)
        raise ChainError(
            f"The certificate {spell_name(signer)}, issued by {_spell_issuer(signer)}, does not chain to a trusted "
            f"root at {moment:%Y-%m-%d %H:%M} UTC: {said}.",
            hint="Trust its root only after comparing the fingerprint with the one that Microsoft publishes.",
        ) from None
    except BROKEN:
        raise FormError("A certificate of the chain cannot be used.") from None


def _spell_issuer(certificate: x509.Certificate) -> str:
    names = certificate.issuer.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return printable(str(names[0].value)) if names else "somebody without a name"
