# SPDX-License-Identifier: Apache-2.0
"""Test raw questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.errors import ImdsError, NotAzureError, UsageError
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.raw_query import fetch_path, resolve_path
from azure_imds_facts.core.settings import build_settings

from tests.support.clocks import ManualClock
from tests.support.hosts import build_host
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, reply

ROOT = "http://169.254.169.254/metadata"


def ask(
    transport: ScriptedTransport, path: str, host: Host, *, text_format: str | None = None, **settings: Any
) -> bytes:
    """Put a question."""
    return fetch_path(
        build_settings({"cache_dir": "/nonexistent/cache", **settings}, {}),
        path,
        text_format=text_format,
        open_transport=transport.open,
        reporter=ListReporter(),
        host=host,
        clock=ManualClock(),
    ).body


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("compute/vmId", "/metadata/instance/compute/vmId"),
        ("", "/metadata/instance"),
        ("compute/", "/metadata/instance/compute"),
        ("/metadata/versions", "/metadata/versions"),
        ("/metadata/attested/document", "/metadata/attested/document"),
        ("compute/tags/Cost Center", "/metadata/instance/compute/tags/Cost%20Center"),
        ("compute/tags/Cost%20Center", "/metadata/instance/compute/tags/Cost%20Center"),
        ("ü", "/metadata/instance/%C3%BC"),
    ],
)
def test_resolve_path(path: str, expected: str) -> None:
    """A path is under the instance, or from the root."""
    assert resolve_path(path) == expected


@pytest.mark.parametrize(
    "path",
    ["/metadata/identity/oauth2/token", "/metadata/identity/OAuth2/token", "/metadata/identity/%6fauth2/token",
     "/metadata/identity/oauth2%2ftoken", "../identity/oauth2/token",
     "compute/../../identity/oauth2", "compute/%2e%2e/x", "compute?format=text", "compute#x", "a\\b", "a\r\nX: y", "a\nb", "./x"],
)  # fmt: skip
def test_refused_paths(path: str) -> None:
    """Paths to tokens, ways around and what is no path are usage."""
    with pytest.raises(UsageError):
        resolve_path(path)


def test_json(host: Host) -> None:
    """The answer comes as it is, neither redacted nor re-spelled."""
    transport = ScriptedTransport(reply(200, b'{"userData":  "x"}'))
    assert ask(transport, "compute", host) == b'{"userData":  "x"}'
    assert transport.urls == [f"{ROOT}/instance/compute?api-version=2025-04-07"]
    assert (transport.opened, transport.closed) == (1, 1)


def test_leaf(host: Host) -> None:
    """A leaf is asked for as text: at once where it is known as one, else after IMDS has refused JSON."""
    transport = ScriptedTransport(reply(200, b"Standard_D2s_v3"))
    assert ask(transport, "compute/vmSize", host) == b"Standard_D2s_v3"
    assert [url.partition("?")[2] for url in transport.urls] == ["api-version=2025-04-07&format=text"]
    transport = ScriptedTransport(reply(400, {"error": "Bad request"}), reply(200, b"30"))
    assert ask(transport, "compute/storageProfile/osDisk/diskSizeGB", host) == b"30"
    assert transport.urls[-1].endswith("?api-version=2025-04-07&format=text")
    with pytest.raises(ImdsError) as caught:
        ask(ScriptedTransport(reply(400, {"error": "Bad request"})), "compute/vmSize", host, text_format="json")
    assert caught.value.outcome == "rejected"


def test_events_have_versions_of_their_own(host: Host) -> None:
    """Scheduled events are asked for in their version."""
    transport = ScriptedTransport(reply(200, {"Events": []}))
    ask(transport, "/metadata/scheduledevents", host)
    assert transport.urls == [f"{ROOT}/scheduledevents?api-version=2020-07-01"]


def test_no_such_element(host: Host) -> None:
    """A 404 of an IMDS that knows the version is final: there is no such element."""
    transport = ScriptedTransport(reply(404), reply(200, {"apiVersions": ["2025-04-07"]}))
    with pytest.raises(ImdsError) as caught:
        ask(transport, "compute/nonsense", host)
    assert caught.value.outcome == "rejected"
    assert len(transport.urls) == 2


@pytest.mark.parametrize(("pinned", "outcome"), [("2021-02-01", "rejected"), ("2019-06-01", "unavailable")])
def test_no_such_element_in_a_version_that_was_asked_for(pinned: str, outcome: str, host: Host) -> None:
    """The same with a pinned version that the server lists; one that it does not list is asked for until the deadline."""
    listed = reply(200, {"apiVersions": ["2021-02-01", "2025-04-07"]})
    transport = ScriptedTransport(*[reply(404), listed] * 50)
    with pytest.raises(ImdsError) as caught:
        ask(transport, "compute/vmId", host, api_version=pinned)
    assert caught.value.outcome == outcome
    assert (len(transport.urls) == 2) is (outcome == "rejected")


@pytest.mark.parametrize(
    ("step", "text_format", "outcome"),
    [
        (reply(200, b"<html>"), None, "invalid"),
        (reply(200, b"<html>", content_type="text/html"), "text", "invalid"),
        (reply(200, b"x" * (1024 * 1024 + 1)), "text", "invalid"),
        (reply(302), None, "invalid"),
        (reply(403), None, "rejected"),
        (reply(429), None, "throttled"),
    ],
)
def test_outcomes(step: Any, text_format: str | None, outcome: str, host: Host) -> None:
    """A question ends in the same outcomes as a collection."""
    with pytest.raises(ImdsError) as caught:
        ask(ScriptedTransport(step), "compute", host, text_format=text_format)
    assert caught.value.outcome == outcome


def test_cut_json_is_asked_again(host: Host) -> None:
    """A 200 whose JSON is cut short is asked for again until the deadline."""
    transport = ScriptedTransport(reply(200, b'{"a": '), reply(200, b'{"a": 1}'))
    assert ask(transport, "compute", host) == b'{"a": 1}'


def test_not_azure(tmp_path: Path) -> None:
    """Where the machine is not Azure's nothing is asked."""
    transport = ScriptedTransport(reply(200, {}))
    with pytest.raises(NotAzureError):
        ask(transport, "compute", build_host(tmp_path / "host", tag="other"))
    with pytest.raises(NotAzureError):
        fetch_path(
            build_settings({}, {"AZURE_IMDS_DISABLED": "1"}),
            "compute",
            text_format=None,
            open_transport=transport.open,
            reporter=ListReporter(),
        )
    assert transport.opened == 0


def serving(known: str, refusal: Any, listed: Any) -> ScriptedTransport:
    """An IMDS that knows one version, and refuses others."""
    return ScriptedTransport(
        lambda url: listed if "versions" in url else reply(200, b'"x"') if f"api-version={known}" in url else refusal
    )


@pytest.mark.parametrize(
    ("known", "refusal", "listed"),
    [
        ("2017-04-02", reply(404), reply(404)),
        ("2019-06-01", reply(400, {"error": "", "newest-versions": ["2030-01-01"]}), reply(404)),
        ("2019-06-01", reply(404), reply(200, {"apiVersions": ["2030-01-01"]})),
        ("2021-02-01", reply(400, {"error": "", "newest-versions": ["2021-02-01"]}), reply(200, {"apiVersions": []})),
        ("2017-04-02", reply(500), reply(404)),
    ],
)
def test_negotiation_is_that_of_facts(known: str, refusal: Any, listed: Any, host: Host) -> None:
    """Whatever an IMDS says of versions, a question ends as well as a collection does."""
    assert ask(serving(known, refusal, listed), "compute", host) == b'"x"'


@pytest.mark.parametrize("segment", ["oauth2%20", "oauth2.", "oauth2;x", "oauth2%00", "OAUTH2%5ctoken", "%5coauth2"])
def test_tokens_in_no_disguise(segment: str) -> None:
    """Whatever a server might overlook, the path is refused."""
    with pytest.raises(UsageError):
        resolve_path(f"/metadata/identity/{segment}/token")
