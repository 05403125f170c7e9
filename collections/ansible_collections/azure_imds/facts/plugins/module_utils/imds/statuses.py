# SPDX-License-Identifier: Apache-2.0
"""What an HTTP status of IMDS means, whether asking again can help, and what to do: one table."""

from __future__ import annotations

from . import errors, records


@records.record
class Meaning:
    """What a status means: `error` is the outcome's class, `is_retried` whether to ask again until the deadline."""

    error: type[errors.ImdsError]
    is_retried: bool
    sense: str
    hint: str


_NOT_IMDS = "Something else answers at this address: look for a proxy, a captive portal or a wrong endpoint."

# First and last status, outcome, whether to ask again, sense, hint; the first row that holds a status counts. Sources:
# Microsoft's pages "Azure Instance Metadata Service" (status codes) and "How to use managed identities on a VM to
# acquire an access token" (retry guidance).
_ROWS = (
    # IMDS answers 200 or an error; no other success is documented or was ever recorded.
    (200, 299, errors.InvalidError, False, "not an answer of IMDS", _NOT_IMDS),
    # IMDS never redirects; what does is a portal that would like to be asked instead.
    (300, 399, errors.InvalidError, False, "a redirect, which IMDS never sends", _NOT_IMDS),
    # Early at boot the instance may not be there yet (recorded; cloud-init waits for it too).
    (
        404,
        404,
        errors.UnavailableError,
        True,
        "not found",
        "IMDS may not be ready yet: raise the timeout. If it stays, check the endpoint and the api-version.",
    ),
    # A request that IMDS gave up on; documented among those to repeat.
    (
        408,
        408,
        errors.UnavailableError,
        True,
        "request timeout",
        "Try again, or raise the timeout.",
    ),
    # Documented: IMDS is being updated, for 70 seconds at the most.
    (
        410,
        410,
        errors.UnavailableError,
        True,
        "gone, which passes within 70 seconds",
        "Try again in a minute, or raise the timeout above 70.",
    ),
    # Documented: five requests a second for all of a VM.
    (
        429,
        429,
        errors.ThrottledError,
        True,
        "too many requests",
        "A VM has five requests a second in all: find out what asks so often, and raise cache_ttl.",
    ),
    # Every other refusal is about the request itself.
    (
        400,
        499,
        errors.RejectedError,
        False,
        "refused",
        "Asking again cannot help: check the endpoint, the api-version, and that no proxy stands between.",
    ),
    # Documented: retry later.
    (
        500,
        599,
        errors.UnavailableError,
        True,
        "an error inside IMDS",
        "Try again, or raise the timeout. If it lasts, look at the VM's resource health.",
    ),
    (0, 1 << 16, errors.InvalidError, False, "no status of IMDS", _NOT_IMDS),
)


def meaning_of(status: int) -> Meaning:
    """Return what a status that is not 200 means."""
    _first, _last, error, is_retried, sense, hint = next(row for row in _ROWS if row[0] <= status <= row[1])
    return Meaning(error=error, is_retried=is_retried, sense=sense, hint=hint)
