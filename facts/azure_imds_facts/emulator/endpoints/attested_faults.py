# SPDX-License-Identifier: Apache-2.0
"""Signed documents that have to be refused, one fault each."""

from __future__ import annotations

import calendar
import functools
import json
import time
from typing import TYPE_CHECKING, Any

from .authority import Authority
from .signatures import sign_content, sign_weakly

if TYPE_CHECKING:
    from collections.abc import Callable

    from .certificates import Issued

__all__ = ["ATTESTED_FAULTS", "FaultyAuthority"]

# Fault → what is wrong.
ATTESTED_FAULTS = {
    "expired": "past its `expiresOn`, although just made",
    "wrong-domain": "the signer's name only begins with the cloud's domain",
    "wrong-signer": "signed below another root with the same names",
    "two-signers": "also signed by a second signer of the same authority",
    "stale": "made an hour ago",
    "other-vm": "about another machine",
    "bad-nonce": "another nonce",
    "sha1": "signed with SHA-1",
}
_OTHER_VM = "ffffffff-0000-4000-8000-000000000000"
_FORMAT = "%m/%d/%y %H:%M:%S -0000"


class FaultyAuthority(Authority):
    """An authority that signs documents with one fault, and tokens as it should."""

    def __init__(self, fault: str, *, common_name: str, region: str) -> None:
        super().__init__(common_name=common_name, region=region)
        self._fault = fault

    def sign_document(self, content: bytes) -> bytes:
        """Return a document with the fault."""
        if self._fault in _CONTENTS:
            payload = json.loads(content)
            _CONTENTS[self._fault](payload)
            content = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        if self._fault == "wrong-domain":
            return sign_content(content, self._other)
        if self._fault == "wrong-signer":
            return self._foreign.sign_document(content)
        if self._fault == "two-signers":
            return sign_content(content, self._leaf, self._other)
        return sign_weakly(content, self._leaf) if self._fault == "sha1" else super().sign_document(content)

    @functools.cached_property
    def _other(self) -> Issued:
        """Another signer by the same intermediate."""
        domain = f"{self._common_name}.example.com" if self._fault == "wrong-domain" else self._common_name
        return self._issue_leaf(domain)

    @functools.cached_property
    def _foreign(self) -> Authority:
        return Authority(common_name=self._common_name, region=self._region)


def _move(payload: dict[str, Any], *, created_s: float, expires_s: float | None) -> None:
    """Move both moments, in seconds from when the document was made; `expires_s` None leaves the lifetime."""
    times = payload["timeStamp"]
    created, expires = (calendar.timegm(time.strptime(times[name], _FORMAT)) for name in ("createdOn", "expiresOn"))
    lifetime_s = expires - created if expires_s is None else expires_s - created_s
    for name, moment in (("createdOn", created + created_s), ("expiresOn", created + created_s + lifetime_s)):
        times[name] = time.strftime(_FORMAT, time.gmtime(moment))


# Fault → what it changes in what is signed.
_CONTENTS: dict[str, Callable[[dict[str, Any]], None]] = {
    "expired": lambda payload: _move(payload, created_s=-60, expires_s=-1),
    "stale": lambda payload: _move(payload, created_s=-3600, expires_s=None),
    "other-vm": lambda payload: payload.update(vmId=_OTHER_VM),
    "bad-nonce": lambda payload: payload.update(nonce="bad" + payload["nonce"][3:]),
}
