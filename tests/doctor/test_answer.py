# SPDX-License-Identifier: Apache-2.0
"""What IMDS answered: checks that no real situation here brings about, such as a far clock and a lost header."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest
from azure_imds_facts.core.errors import RejectedError
from azure_imds_facts.core.transport import Response
from azure_imds_facts.doctor.answer import Asked, check_answer, check_clock


def _asked(response: Response, error: RejectedError | None = None) -> Asked:
    return Asked(snapshot=None, error=error, responses=[response], failures=[])


@pytest.mark.parametrize(
    ("offset_s", "verdict"), [(0, "ok"), (299, "ok"), (-299, "ok"), (86400, "bad"), (-86400, "bad")]
)
def test_clock(offset_s: float, verdict: str) -> None:
    """A clock that differs from IMDS's by more than five minutes is bad, in either direction."""
    date = formatdate(time.time() + offset_s, usegmt=True)
    finding = check_clock(_asked(Response(status=200, headers={"date": date}, body=b"")))
    assert finding.verdict == verdict


def test_clock_without_a_date_is_not_judged() -> None:
    """Where no answer carries a date nothing is claimed."""
    assert check_clock(_asked(Response(status=200, headers={}, body=b""))).verdict == "skipped"


@pytest.mark.parametrize("header", [b"metadata header", b"Metadata Header"])
def test_lost_header_is_named(header: bytes) -> None:
    """IMDS's own complaint about the header, in whatever case, means that something on the way removed it."""
    body = b'{ "error": "Bad request: . Required %b not specified" }' % header
    finding = check_answer(_asked(Response(status=400, headers={}, body=body), RejectedError("Refused.")))
    assert finding.verdict == "bad"
    assert "Metadata: true" in finding.fix


@pytest.mark.parametrize("date", ["Mon, 19 Sep 2016 18:29:47 +99999999999999999999", "Fri, 31 Dec 99999 23:59:59 GMT"])
def test_dates_beyond_all_time(date: str) -> None:
    """A date that no clock can show is none."""
    assert check_clock(_asked(Response(status=200, headers={"date": date}, body=b""))).verdict == "skipped"
