# SPDX-License-Identifier: Apache-2.0
"""Read the dates of HTTP and of scheduled events."""

from __future__ import annotations


def parse_date(text: object) -> float | None:
    """Return the seconds since 1970 of an RFC 1123 date (`Mon, 19 Sep 2016 18:29:47 GMT`), None for what is none."""
    if not isinstance(text, str) or not text:
        return None
    from email.utils import mktime_tz, parsedate_tz  # noqa: PLC0415  few answers carry a date to read

    try:
        parsed = parsedate_tz(text)
        return float(mktime_tz(parsed)) if parsed else None
    except (ValueError, OverflowError, IndexError, TypeError):
        return None  # email.utils takes more for a date than it can count
