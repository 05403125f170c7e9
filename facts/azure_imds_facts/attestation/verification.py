# SPDX-License-Identifier: Apache-2.0
"""The verification of a signed document, from its bytes to its claims (contract: "Proof").

What costs nothing comes first, and the network last, once all else holds.
"""

from __future__ import annotations

import datetime as dt
import functools

from azure_imds_facts.attestation.certificates import spell_fingerprint, spell_name
from azure_imds_facts.attestation.chain import build_chain
from azure_imds_facts.attestation.claims import Claims
from azure_imds_facts.attestation.clouds import find_cloud, find_domain
from azure_imds_facts.attestation.content import parse_content
from azure_imds_facts.attestation.envelope import parse_envelope
from azure_imds_facts.attestation.fetching import IssuerFetcher
from azure_imds_facts.attestation.policy import DEFAULT_MAX_AGE_S, Policy
from azure_imds_facts.attestation.signature import verify_signature
from azure_imds_facts.attestation.signed_data import parse_signed_data
from azure_imds_facts.attestation.trust import Trust, read_shipped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from azure_imds_facts.attestation.envelope import Document

_read_shipped = functools.lru_cache(read_shipped)
_fetcher = IssuerFetcher()


def verify(
    document: Document,
    *,
    nonce: str | None = None,
    max_age: float = DEFAULT_MAX_AGE_S,
    cloud: str | None = None,
    subscriptions: Sequence[str] = (),
    vm_id: str | None = None,
    trust: Trust | None = None,
    at: dt.datetime | None = None,
    is_offline: bool = False,
    fetcher: IssuerFetcher | None = None,
) -> Claims:
    """Return what a signed document says, if it holds. Raises the AttestationError of the first rule that it breaks.

    `document`: IMDS's answer (JSON, or parsed), its `signature` in base64, PEM or DER. `max_age`: in seconds, and 120 s
    more for clocks that differ. `cloud` None: any whose domain is known. `subscriptions` empty, `nonce` or `vm_id`
    None: any. `trust` None: the roots and intermediates that are shipped. `at`: the time to verify at. `is_offline`:
    fetch no intermediate.
    """
    wanted_cloud = find_cloud(cloud) if cloud else None
    policy = Policy(max_age_s=max_age, nonce=nonce, subscriptions=tuple(subscriptions), vm_id=vm_id)
    signed = parse_signed_data(parse_envelope(document))
    signer, others = verify_signature(signed)
    found_cloud, name = find_domain(signer, wanted_cloud)
    content, created, expires = parse_content(signed.content)
    policy.check_age(created=created, expires=expires, now=at or dt.datetime.now(dt.timezone.utc))
    policy.check_content(content)
    chain = build_chain(
        signer,
        others,
        trust=trust or _read_shipped(),
        name=name,
        moment=created,
        fetch_issuer=None if is_offline else (fetcher or _fetcher).fetch,
    )
    return Claims(
        content=content,
        created=created,
        expires=expires,
        cloud=found_cloud,
        signer=name,
        root=spell_name(chain[-1]),
        root_sha256=spell_fingerprint(chain[-1]),
    )
