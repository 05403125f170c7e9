# SPDX-License-Identifier: Apache-2.0
"""What a document has to say to be accepted: its age, its nonce, its subscription, its VM."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from azure_imds_facts.attestation.errors import (
    ExpiredError,
    FutureError,
    NonceError,
    StaleError,
    SubscriptionError,
    VmError,
    printable,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    import datetime as dt
    from typing import Any

DEFAULT_MAX_AGE_S = 300.0
# How far the clock of who verifies may be from Azure's, to either side.
SKEW_S = 120.0


@dataclass(frozen=True)
class Policy:
    """The rules of one question. `nonce` and `vm_id` None, `subscriptions` empty: any."""

    max_age_s: float = DEFAULT_MAX_AGE_S
    nonce: str | None = None
    subscriptions: tuple[str, ...] = ()
    vm_id: str | None = None

    def check_age(self, *, created: dt.datetime, expires: dt.datetime, now: dt.datetime) -> None:
        """Raise FutureError, StaleError or ExpiredError."""
        age_s = (now - created).total_seconds()
        if age_s < -SKEW_S:
            raise FutureError(
                f"The document was made {-age_s:.0f} s from now; clocks may differ by {SKEW_S:.0f} s.",
                hint="Set the clock of this machine.",
            )
        if age_s > self.max_age_s + SKEW_S:
            raise StaleError(
                f"The document is {age_s:.0f} s old; it may be {self.max_age_s:.0f} s, and {SKEW_S:.0f} s more for "
                "clocks that differ.",
                hint="Ask for a new one.",
            )
        if now > expires:
            raise ExpiredError("The document is past its own expiresOn.", hint="Ask for a new one.")

    def check_content(self, content: dict[str, Any]) -> None:
        """Raise NonceError, SubscriptionError or VmError."""
        if self.nonce is not None and not _is_same(str(content.get("nonce", "")), self.nonce):
            raise NonceError("The document has another nonce: it answers another question, or is an old one again.")
        subscription = str(content.get("subscriptionId", ""))
        if self.subscriptions and subscription.lower() not in {one.lower() for one in self.subscriptions}:
            raise SubscriptionError(
                f"The VM is of subscription {printable(subscription) or 'unknown'}, not of one asked for."
            )
        vm_id = str(content["vmId"])
        if self.vm_id is not None and vm_id.lower() != self.vm_id.lower():
            raise VmError(f"The document is of VM {printable(vm_id)}, not of the one asked for.")


def _is_same(one: str, other: str) -> bool:
    """Compare in the same time wherever they differ."""
    return hmac.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))
