# SPDX-License-Identifier: Apache-2.0
"""Test what an answer that is not 200 means."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from azure_imds_facts.core.statuses import (
    HINT_PROXY,
    classify_status,
    describe_surroundings,
    explain_refusal,
    parse_error_body,
    parse_retry_after,
)

NOW = 1474309787.0  # Mon, 19 Sep 2016 18:29:47 GMT


@pytest.mark.parametrize(
    ("statuses", "outcome", "is_retried"),
    [
        ((201, 204, 206), "invalid", False),
        ((300, 301, 304, 399), "invalid", False),
        ((404, 408, 410, 421), "unavailable", True),
        ((429,), "throttled", True),
        ((400, 401, 403, 405, 409, 418, 499), "rejected", False),
        ((500, 502, 503, 599), "unavailable", True),
        ((0, 100, 600, 799, 999), "invalid", False),
    ],
)
def test_classify_status(statuses: tuple[int, ...], outcome: str, is_retried: bool) -> None:
    """Every status has one meaning, in words and with a hint."""
    for status in statuses:
        meaning = classify_status(status)
        assert (meaning.error.outcome, meaning.is_retried) == (outcome, is_retried), status
        assert meaning.label
        assert meaning.hint.endswith(".")


def test_explain_refusal(tmp_path: Path) -> None:
    """A refusal that the proxy agent explains says what to allow; another, or one without an agent, says nothing."""
    agent = tmp_path / "azure-proxy-agent"
    assert [explain_refusal(status, b"", agent=str(agent)) for status in (401, 403)] == [None, None]
    assert explain_refusal(403, b"", agent="") is None
    agent.touch()
    allowed = str(explain_refusal(403, b"", agent=str(agent)))
    import pwd  # noqa: PLC0415  no system but Unix has it

    user = pwd.getpwuid(os.geteuid()).pw_name
    assert f"let user {user} with program {os.path.realpath(sys.executable)} ask /metadata/instance" in allowed
    assert "proxy-agent-rules" in allowed
    assert "signed" in str(explain_refusal(401, b"anything", agent=str(agent)))
    assert explain_refusal(403, b"<html>", agent=str(agent)) == ""
    assert explain_refusal(404, b"", agent=str(agent)) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error": "Bad request"}', (': "Bad request"', ())),
        (b'{"error": "x", "newest-versions": ["2021-02-01"]}', (': "x"', ("2021-02-01",))),
        (b'{"newest-versions": []}', ("", ())),
        (
            b'{"error": "Bad request: . Required metadata header not specified"}',
            (': "Bad request: . Required metadata header not specified"', None),
        ),
        (b'{"error": "\\u001b[31m"}', (': "?[31m"', ())),
        (b'{"error": 5}', ("", ())),
        (
            b'{"error":"invalid_request","error_description":"Temporarily throttled, too many requests"}',
            (': "invalid_request": "Temporarily throttled, too many requests"', ()),
        ),
        (b'{"error": [], "error_description": "x\\u001b"}', (': "x?"', ())),
        (b"[]", ("", ())),
        (b"<html>", ("", ())),
        (b"", ("", ())),
    ],
)
def test_parse_error_body(body: bytes, expected: tuple[str, object]) -> None:
    """Of an error's body only the texts of two fields are shown, and the offered versions are taken."""
    assert parse_error_body(body) == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": " 3 "}, 3.0),
        ({"retry-after": "007"}, 7.0),
        ({"retry-after": "9" * 5000}, float("inf")),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "1.5"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 19 Sep 2016 18:29:57 GMT"}, 10.0),
        ({"retry-after": "Mon, 19 Sep 2016 18:29:37 GMT"}, 0.0),
        ({"retry-after": "Tue, 19 Sep 2017 18:29:57 GMT", "date": "Tue, 19 Sep 2017 18:29:55 GMT"}, 2.0),
        ({"retry-after": "Mon, 19 Sep 2016 18:29:57 GMT", "date": "nonsense"}, 10.0),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_parse_retry_after(headers: dict[str, str], expected: float | None) -> None:
    """Seconds or a date, counted from the server's own date where it names one."""
    assert parse_retry_after(headers, now=NOW) == expected


@pytest.mark.parametrize(
    ("status", "body", "is_proxy"),
    [
        (
            403,
            b"connecting to 169.254.169.254:80: dial tcp: a socket operation was attempted to an unreachable network",
            True,
        ),
        (403, b"<html>Forbidden</html>", True),
        (403, b"", False),
        (403, b" \r\n", False),
        (403, b'{"error": "Forbidden"}', False),
        (404, b"Not found", False),
    ],
)
def test_a_proxy_s_refusal(status: int, body: bytes, is_proxy: bool) -> None:
    """A 403 in words is a proxy's, as Docker Desktop's: IMDS says it in JSON, its proxy agent without a body."""
    assert (classify_status(status, body).hint == HINT_PROXY) is is_proxy


@pytest.mark.parametrize(
    ("variable", "path", "said"),
    [
        ("CONTAINER_APP_NAME", "", "Container Apps"),
        ("WEBSITE_SITE_NAME", "", "App Service"),
        ("", "/var/run/secrets/kubernetes.io", "AKS"),
        ("", "", ""),
    ],
)
def test_surroundings(variable: str, path: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each sign of a place without IMDS is named."""
    monkeypatch.setattr("os.path.exists", lambda looked: looked == path)
    monkeypatch.setattr("os.environ", {variable: "x"})
    assert said in describe_surroundings()
    assert bool(said) is bool(describe_surroundings())
