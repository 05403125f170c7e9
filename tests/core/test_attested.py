# SPDX-License-Identifier: Apache-2.0
"""Signed documents, fetched as they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.attested import fetch_document
from azure_imds_facts.core.errors import ImdsError, NotAzureError, UsageError
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.transport import TransportError

from tests.support.clocks import ManualClock
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, reply

URL = "http://169.254.169.254/metadata/attested/document"
ANSWER = {"encoding": "pkcs7", "signature": "MIIB"}


def fetch(
    transport: ScriptedTransport,
    host: Host,
    nonce: str | None = None,
    reporter: ListReporter | None = None,
    **settings: Any,
) -> Any:
    """Fetch a document."""
    return fetch_document(
        build_settings({"cache_dir": "/nonexistent/cache", **settings}, {}),
        nonce,
        open_transport=transport.open,
        reporter=reporter,
        host=host,
        clock=ManualClock(),
    )


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """An Azure VM."""
    return build_host(tmp_path / "host")


def test_fetches(host: Host) -> None:
    """The answer's two fields come back, for one request with the nonce; the connection is closed."""
    transport = ScriptedTransport(reply(200, {**ANSWER, "more": 1}))
    assert fetch(transport, host, "abc123") == ANSWER
    assert transport.urls == [f"{URL}?api-version=2025-04-07&nonce=abc123"]
    assert transport.closed == 1


def test_without_a_nonce(host: Host) -> None:
    """No nonce is sent where none was given."""
    transport = ScriptedTransport(reply(200, ANSWER))
    fetch(transport, host, api_version="2020-09-01")
    assert transport.urls == [f"{URL}?api-version=2020-09-01"]


@pytest.mark.parametrize("nonce", ["", "a" * 33, "a b", "a&format=text", "ä", "a\n"])
def test_nonces_that_imds_does_not_take(nonce: str, host: Host) -> None:
    """They are usage, and nothing is asked."""
    transport = ScriptedTransport(reply(200, ANSWER))
    with pytest.raises(UsageError):
        fetch(transport, host, nonce)
    assert transport.urls == []


@pytest.mark.parametrize(
    "step",
    [reply(429), reply(404), reply(410), reply(500), reply(200, b'{"encoding":'), TransportError("cut")],
    ids=range(6),
)
def test_asks_again(step: Any, host: Host) -> None:
    """What passes is asked for again, by the same table as everything else."""
    steps = {200: [], 404: [reply(404)], 500: [reply(500)]}.get(getattr(step, "status", 200), [])
    transport = ScriptedTransport(step, *steps, *steps, *steps, reply(200, ANSWER))
    assert fetch(transport, host) == ANSWER


@pytest.mark.parametrize(
    ("step", "outcome"),
    [
        (reply(400, {"error": "Bad request. Invalid nonce"}), "rejected"),
        (reply(403), "rejected"),
        (reply(429), "throttled"),
        (reply(503), "unavailable"),
        (reply(302), "invalid"),
        (reply(200, b"<html>"), "invalid"),
        (reply(200, b"[]"), "invalid"),
        (reply(200, {"encoding": "pkcs7"}), "invalid"),
        (reply(200, {"encoding": "jwt", "signature": "x"}), "invalid"),
        (reply(200, {"encoding": "pkcs7", "signature": ""}), "invalid"),
        (reply(200, {"encoding": "pkcs7", "signature": [1]}), "invalid"),
        (reply(200, b'{"a":' * 17 + b"1" + b"}" * 17), "invalid"),
        (TransportError("refused"), "unreachable"),
    ],
    ids=range(13),
)
def test_outcomes(step: Any, outcome: str, host: Host) -> None:
    """It ends in the same outcomes as a collection."""
    with pytest.raises(ImdsError) as caught:
        fetch(ScriptedTransport(step), host)
    assert caught.value.outcome == outcome


def test_no_such_endpoint(host: Host) -> None:
    """A 404 of an IMDS that knows the version is final: Azure Stack Hub signs nothing."""
    transport = ScriptedTransport(reply(404), reply(200, {"apiVersions": ["2025-04-07"]}))
    with pytest.raises(ImdsError, match="signs no documents") as caught:
        fetch(transport, host)
    assert caught.value.outcome == "rejected"


def test_an_older_version(host: Host) -> None:
    """The version is negotiated as for the instance."""
    transport = ScriptedTransport(reply(400, {"newest-versions": ["2021-02-01", "2020-09-01"]}), reply(200, ANSWER))
    assert fetch(transport, host) == ANSWER
    assert transport.urls[-1] == f"{URL}?api-version=2021-02-01"


def test_not_azure(tmp_path: Path) -> None:
    """Where the machine is not Azure's nothing is asked."""
    transport = ScriptedTransport(reply(200, ANSWER))
    with pytest.raises(NotAzureError):
        fetch(transport, build_host(tmp_path / "other", tag="other"))
    assert transport.urls == []


def test_no_document_in_messages(host: Host) -> None:
    """What is reported names requests and sizes, never the document."""
    reporter = ListReporter()
    fetch(
        ScriptedTransport(reply(500), reply(500), reply(200, {**ANSWER, "signature": "SECRETSECRET"})),
        host,
        reporter=reporter,
    )
    said = [*reporter.attempts, *reporter.notices, *reporter.warnings]
    assert said
    assert not any("SECRET" in message for message in said)
