# SPDX-License-Identifier: Apache-2.0
"""Test single requests, and the negotiation of the api-version."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
from azure_imds_facts.core.errors import ImdsError, RejectedError
from azure_imds_facts.core.versions import KNOWN

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.scripted import ScriptedTransport, reply, server_of

Collect = Callable[..., Any]
NEWEST = "2025-04-07"
INSTANCE = f"http://169.254.169.254/metadata/instance?api-version={NEWEST}"
DOCUMENT = build_document()


def wrong(*newest: object) -> Any:
    """Return the answer of an IMDS that does not know an api-version."""
    return reply(
        400, {"error": "Bad request. api-version is invalid or was not specified", "newest-versions": list(newest)}
    )


def listing(*versions: object) -> Any:
    """Return the page that lists versions."""
    return reply(200, {"apiVersions": list(versions)})


TABLE: list[tuple[str, tuple[str, ...], Any, Any, list[str]]] = [
    ("newest first", ("2021-02-01",), wrong("2021-02-01", "2021-01-01"), None, ["2021-02-01"]),
    ("oldest first", ("2021-02-01",), wrong("2021-01-01", "2021-02-01"), None, ["2021-02-01"]),
    ("newer than ours", ("2021-02-01",), wrong("2099-01-01", "2021-02-01"), None, ["2021-02-01"]),
    ("unlisted between", ("2020-06-01",), wrong("2020-07-07", "2020-06-01"), None, ["2020-06-01"]),
    ("odd entries", ("2020-06-01",), wrong(None, 5, "x", "2020-06-01"), None, ["2020-06-01"]),
    (
        "400 with nothing common",
        ("2018-10-01",),
        wrong("2099-01-01"),
        listing("2018-10-01", "2099-01-01"),
        ["versions", "2018-10-01"],
    ),
    ("400 with an empty list", ("2018-10-01",), wrong(), listing("2018-10-01"), ["versions", "2018-10-01"]),
    ("404", ("2019-11-01",), reply(404), listing("2017-03-01", "2019-11-01", "2018-02-01"), ["versions", "2019-11-01"]),
    ("500", ("2019-06-01",), reply(500), listing("2019-06-01", "2017-04-02"), ["versions", "2019-06-01"]),
    ("404 without a page", ("2021-02-01",), reply(404), None, ["versions", "2021-02-01"]),
    ("500 without a page", ("2017-04-02",), reply(500), None, ["versions", "2021-02-01", "2019-06-01", "2017-04-02"]),
    ("400 without a list", ("2018-10-01",), reply(400), listing("2018-10-01"), ["versions", "2018-10-01"]),
    ("400 without a list or a page", ("2019-06-01",), reply(400), None, ["versions", "2021-02-01", "2019-06-01"]),
    ("page of HTML", ("2021-02-01",), reply(404), reply(200, b"<html>"), ["versions", "2021-02-01"]),
    ("page without a list", ("2021-02-01",), reply(404), reply(200, {"apiVersions": "x"}), ["versions", "2021-02-01"]),
    ("preview alone is listed", ("2021-02-01",), reply(404), listing("2017-03-01"), ["versions", "2021-02-01"]),
]


@pytest.mark.parametrize(("name", "known", "refusal", "listed", "then"), TABLE, ids=[row[0] for row in TABLE])
def test_negotiation(
    name: str, known: tuple[str, ...], refusal: Any, listed: Any, then: list[str], collect_from: Collect
) -> None:
    """The newest version that both know is found, remembered for the boot, and the preview never asked for."""
    transport = ScriptedTransport(server_of(known, DOCUMENT, wrong=refusal, listed=listed))
    snapshot = collect_from(transport)
    assert (snapshot.source, snapshot.api_version) == ("imds", known[0]), name
    asked = [version for version in transport.versions if version != "versions"]
    assert asked == [NEWEST, *(version for version in then if version != "versions")]
    assert "2017-03-01" not in asked
    assert set(asked) <= set(KNOWN)
    before = len(transport.urls)
    assert collect_from(transport, cache_ttl=0).api_version == known[0]
    assert transport.versions[before:] == [known[0]]
    assert len(transport.urls) == before + 1


def test_list_needs_no_page(collect_from: Collect) -> None:
    """With a list in the refusal two requests are enough."""
    transport = ScriptedTransport(server_of(("2021-02-01",), DOCUMENT, wrong=wrong("2021-02-01")))
    collect_from(transport)
    assert transport.versions == [NEWEST, "2021-02-01"]


def test_explicit_version_is_never_negotiated_away(collect_from: Collect) -> None:
    """A version that was named is asked for and no other."""
    for refusal, outcome in (
        (wrong("2021-02-01"), "rejected"),
        (reply(404), "unavailable"),
        (reply(500), "unavailable"),
    ):
        transport = ScriptedTransport(server_of(("2021-02-01",), DOCUMENT, wrong=refusal, listed=listing("2021-02-01")))
        with pytest.raises(ImdsError) as caught:
            collect_from(transport, api_version="2023-07-01")
        assert caught.value.outcome == outcome
        assert set(transport.versions) == {"2023-07-01"}


def test_explicit_preview(collect_from: Collect) -> None:
    """The preview is asked for where a setting names it."""
    transport = ScriptedTransport(server_of(("2017-03-01",), DOCUMENT, wrong=reply(404)))
    assert collect_from(transport, api_version="2017-03-01").api_version == "2017-03-01"


def test_known_version_that_fails(collect_from: Collect) -> None:
    """Where the page lists the newest version, a 404 is not the version's fault: it is asked for again."""
    steps = [reply(404), listing(*KNOWN), reply(200, DOCUMENT)]
    transport = ScriptedTransport(*steps)
    assert collect_from(transport).api_version == NEWEST
    assert transport.versions == [NEWEST, "versions", NEWEST]


def test_remembered_version_that_is_refused(collect_from: Collect) -> None:
    """A remembered version is negotiated anew where it is no longer known."""
    collect_from(ScriptedTransport(server_of(("2021-02-01",), DOCUMENT, wrong=wrong("2021-02-01"))))
    transport = ScriptedTransport(server_of(("2020-09-01",), DOCUMENT, wrong=wrong("2020-09-01")))
    assert collect_from(transport, cache_ttl=0).api_version == "2020-09-01"
    assert transport.versions == ["2021-02-01", "2020-09-01"]


@pytest.mark.parametrize(
    ("refusal", "listed", "asked"),
    [
        (reply(400, {"error": "Bad request: . Required metadata header not specified"}), None, [NEWEST]),
        (reply(400, b"METADATA HEADER missing"), None, [NEWEST]),
        (reply(400, {"error": "Bad request"}), listing(*KNOWN), [NEWEST, "versions"]),
    ],
    ids=["header", "header in other words", "version is known"],
)
def test_a_400_that_is_not_about_the_version(
    refusal: Any, listed: Any, asked: list[str], collect_from: Collect
) -> None:
    """A 400 without a list is a rejection where it is about the header, or IMDS knows the version."""
    transport = ScriptedTransport(lambda url: listed if "/versions" in url else refusal)
    with pytest.raises(ImdsError) as caught:
        collect_from(transport)
    assert caught.value.outcome == "rejected"
    assert transport.versions == asked


def test_a_guess_is_tried_anew_after_ten_minutes(collect_from: Collect, clock: ManualClock) -> None:
    """A version found without a list is remembered for ten minutes, one found with a list for the boot."""
    guessing = server_of(("2021-02-01",), DOCUMENT, wrong=reply(400))
    collect_from(ScriptedTransport(guessing))
    for waited, first in ((300, "2021-02-01"), (290, "2021-02-01"), (20, NEWEST)):
        clock.advance(waited)
        transport = ScriptedTransport(guessing)
        collect_from(transport, cache_ttl=0)
        assert transport.versions[0] == first
    named = server_of(("2020-06-01",), DOCUMENT, wrong=wrong("2020-06-01"))
    clock.advance(700)
    collect_from(ScriptedTransport(named), cache_ttl=0)
    clock.advance(7000)
    transport = ScriptedTransport(named)
    collect_from(transport, cache_ttl=0)
    assert transport.versions == ["2020-06-01"]


@pytest.mark.parametrize("transient", [404, 500, 503, 429])
@pytest.mark.parametrize("is_remembered", [False, True])
def test_a_version_that_imds_named_outlives_a_bad_moment(
    transient: int, is_remembered: bool, collect_from: Collect
) -> None:
    """Where IMDS offered a version, or answered in it, one failure and no page of versions do not cost it."""
    steps = {"bad": False}

    def serve(url: str) -> Any:
        if "versions" in url:
            return reply(404)
        if not url.endswith("2021-12-13"):
            return wrong("2021-12-13", "2021-02-01", "2019-06-01")
        if steps["bad"]:
            steps["bad"] = False
            return reply(transient)
        return reply(200, DOCUMENT)

    if is_remembered:
        collect_from(ScriptedTransport(serve))
    steps["bad"] = True
    transport = ScriptedTransport(serve)
    assert collect_from(transport, cache_ttl=0).api_version == "2021-12-13"
    assert "2019-06-01" not in transport.versions


def test_an_earlier_offer_counts(collect_from: Collect) -> None:
    """What a first answer offered is asked for where a second one offers nothing that both sides know."""
    server = {NEWEST: wrong("2021-12-13", "2021-02-01"), "2021-12-13": wrong("2099-01-01")}
    transport = ScriptedTransport(lambda url: server.get(url.rpartition("=")[2], reply(200, DOCUMENT)))
    assert collect_from(transport).api_version == "2021-02-01"


@pytest.mark.parametrize("status", [404, 500])
def test_retry_after_is_not_about_the_version(status: int, collect_from: Collect, tmp_path: Path) -> None:
    """An answer that says when to come back is no reason to ask for another version."""
    transport = ScriptedTransport(reply(status, retry_after="1"), reply(200, DOCUMENT))
    assert collect_from(transport).api_version == NEWEST
    assert transport.versions == [NEWEST, NEWEST]
    beyond = ScriptedTransport(reply(status, retry_after="100"))
    with pytest.raises(ImdsError):
        collect_from(beyond, cache_dir=str(tmp_path / "another"))
    assert beyond.versions == [NEWEST]


def test_headers(collect_from: Collect) -> None:
    """Each attempt says who asks, with an id of its own, and no X-Forwarded-For."""
    transport = ScriptedTransport(reply(429), reply(429), reply(200, build_document()))
    collect_from(transport)
    for headers in transport.headers:
        assert headers["Metadata"] == "true"
        assert headers["User-Agent"].startswith("azure-imds-facts/")
        assert "X-Forwarded-For" not in headers
    ids = [headers["x-ms-client-request-id"] for headers in transport.headers]
    assert len(set(ids)) == len(ids) == 3


def test_error_message(collect_from: Collect) -> None:
    """A message says what was tried, what came back and what to do next."""
    with pytest.raises(RejectedError) as caught:
        collect_from(ScriptedTransport(reply(400, {"error": "Bad request. Required metadata header not specified"})))
    said = str(caught.value)
    for part in (INSTANCE, "1 request", " s;", "400", "Required metadata header", caught.value.hint):
        assert part in said
