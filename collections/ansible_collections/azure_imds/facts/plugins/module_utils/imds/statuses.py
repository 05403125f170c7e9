# SPDX-License-Identifier: Apache-2.0
"""What an HTTP status of IMDS means, whether asking again can help, and what to do: one table."""

from __future__ import annotations

from .errors import InvalidError, RejectedError, ThrottledError, UnavailableError
from .record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .errors import ImdsError


@record
class Meaning:
    """One row: `error` is the outcome's class, `is_retried` whether to ask again until the deadline."""

    error: type[ImdsError]
    is_retried: bool
    sense: str
    hint: str


_NOT_IMDS = "Something else answers at this address: look for a proxy, a captive portal or a wrong endpoint."

# (first, last, meaning); the first row that holds a status counts. Sources: Microsoft's pages "Azure Instance Metadata
# Service" (status codes) and "How to use managed identities on a VM to acquire an access token" (retry guidance).
_ROWS: tuple[tuple[int, int, Meaning], ...] = (
    # IMDS answers 200 or an error; no other success is documented or was ever recorded.
    (200, 299, Meaning(error=InvalidError, is_retried=False, sense="not an answer of IMDS", hint=_NOT_IMDS)),
    # IMDS never redirects; what does is a portal that would like to be asked instead.
    (
        300,
        399,
        Meaning(error=InvalidError, is_retried=False, sense="a redirect, which IMDS never sends", hint=_NOT_IMDS),
    ),
    # Early at boot the instance may not be there yet (recorded; cloud-init waits for it too).
    (
        404,
        404,
        Meaning(
            error=UnavailableError,
            is_retried=True,
            sense="not found",
            hint="IMDS may not be ready yet: raise the timeout. If it stays, check the endpoint and the api-version.",
        ),
    ),
    # A request that IMDS gave up on; documented among those to repeat.
    (
        408,
        408,
        Meaning(
            error=UnavailableError, is_retried=True, sense="request timeout", hint="Try again, or raise the timeout."
        ),
    ),
    # Documented: IMDS is being updated, for 70 seconds at the most.
    (
        410,
        410,
        Meaning(
            error=UnavailableError,
            is_retried=True,
            sense="gone, which passes within 70 seconds",
            hint="Try again in a minute, or raise the timeout above 70.",
        ),
    ),
    # Documented: five requests a second for all of a VM.
    (
        429,
        429,
        Meaning(
            error=ThrottledError,
            is_retried=True,
            sense="too many requests",
            hint="A VM has five requests a second in all: find out what asks so often, and raise cache_ttl.",
        ),
    ),
    (
        400,
        499,
        Meaning(
            error=RejectedError,
            is_retried=False,
            sense="refused",
            hint="Asking again cannot help: check the endpoint, the api-version, and that no proxy stands between.",
        ),
    ),
    # Documented: retry later.
    (
        500,
        599,
        Meaning(
            error=UnavailableError,
            is_retried=True,
            sense="an error inside IMDS",
            hint="Try again, or raise the timeout. If it lasts, look at the VM's resource health.",
        ),
    ),
)
_OUTSIDE = Meaning(error=InvalidError, is_retried=False, sense="no HTTP status", hint=_NOT_IMDS)


def meaning_of(status: int) -> Meaning:
    """Return the row for a status that is not 200."""
    return next((meaning for first, last, meaning in _ROWS if first <= status <= last), _OUTSIDE)
