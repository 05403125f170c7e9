# SPDX-License-Identifier: Apache-2.0
"""How long to wait before asking again: what the server asks for, else a backoff with jitter."""

from __future__ import annotations

from .dates import parse_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# IMDS allows five requests a second: a first wait of at least 0.1 s that doubles up to a second stays far below, and an
# outage that ends is noticed within the second.
_FIRST_S = 0.2
_LONGEST_S = 1.0


def parse_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, as a number or a date (RFC 9110, 10.2.3), None without it.

    A date is counted from the server's own `Date` where there is one, since this machine's clock may not be set yet.
    What is neither is no wish at all. Seconds without end come back as infinity.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdigit() and asked.isascii():
        return float(asked) if len(asked) < 10 else float("inf")
    moment = parse_date(asked)
    if moment is None:
        return None
    served = parse_date(headers.get("date", ""))
    return max(0.0, moment - (now if served is None else served))


def backoff(failures: int, *, random: float) -> float:
    """Return the seconds to wait after so many failures in a row; `random` is from 0 to 1."""
    return float(min(_LONGEST_S, _FIRST_S * 2 ** min(failures - 1, 10)) * (0.5 + random / 2))
