# SPDX-License-Identifier: Apache-2.0
"""Test the endpoints beside the instance, and the summary of scheduled events."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest
from azure_imds_facts.core.errors import InvalidError
from azure_imds_facts.core.extra_categories import parse_category, summarize_events
from azure_imds_facts.core.settings import EXTRA_CATEGORIES

from tests.support.clocks import ManualClock
from tests.support.documents import build_document
from tests.support.reporters import ListReporter
from tests.support.scripted import ScriptedTransport, refused, reply

EARLY, LATE = "Mon, 19 Sep 2016 18:29:47 GMT", "Tue, 20 Sep 2016 18:29:47 GMT"

Collect = Callable[..., Any]
BALANCER = {"loadbalancer": {"publicIpAddresses": [], "inboundRules": [], "outboundRules": []}}
EVENTS = {"DocumentIncarnation": 1, "Events": []}


def answers(**changed: Any) -> Callable[[str], Any]:
    """Return a step that answers each endpoint, some otherwise."""
    bodies = {
        "instance": build_document(),
        "loadbalancer": BALANCER,
        "info": {"tenantId": "t", "x": 1},
        "scheduledevents": EVENTS,
    }

    def answer(url: str) -> Any:
        name = url.partition("?")[0].rpartition("/")[2]
        return changed.get(name) or reply(200, bodies[name])

    return answer


def asked(transport: ScriptedTransport) -> list[str]:
    """Return the paths that were asked for."""
    return [url.partition("/metadata/")[2] for url in transport.urls]


def test_all(collect_from: Collect) -> None:
    """Each endpoint is asked once, in its own api-version, and only what is meant becomes a category."""
    transport = ScriptedTransport(answers())
    extra = collect_from(transport, gather="all").extra
    assert extra == {
        "loadBalancer": BALANCER["loadbalancer"],
        "identity": {"tenantId": "t"},
        "scheduledEvents": {"incarnation": 1, "events": [], "pending": 0, "nextNotBefore": "", "nextType": ""},
    }
    assert sorted(asked(transport)) == [
        "identity/info?api-version=2025-04-07",
        "instance?api-version=2025-04-07",
        "loadbalancer?api-version=2025-04-07",
        "scheduledevents?api-version=2020-07-01",
    ]
    assert (transport.opened, transport.closed) == (1, 1)


def test_cached_but_for_events(collect_from: Collect) -> None:
    """Within the TTL only scheduled events are asked for again."""
    transport = ScriptedTransport(answers())
    collect_from(transport, gather="all")
    before = len(transport.urls)
    snapshot = collect_from(transport, gather="all")
    assert snapshot.source == "cache"
    assert set(snapshot.extra) == {"loadBalancer", "identity", "scheduledEvents"}
    assert asked(transport)[before:] == ["scheduledevents?api-version=2020-07-01"]


@pytest.mark.parametrize(
    "step",
    [
        refused(),
        reply(404),
        reply(400),
        reply(403),
        reply(500),
        reply(200, b"<html>"),
        reply(200, {}),
        reply(200, b"{"),
    ],
)
def test_failure_is_no_failure(step: Any, collect_from: Collect, clock: ManualClock) -> None:
    """Where one fails the collection stays ok, inside its deadline."""
    transport = ScriptedTransport(answers(loadbalancer=step))
    snapshot = collect_from(transport, gather="all")
    assert set(snapshot.extra) == {"identity", "scheduledEvents"} or clock.passed > 4.0
    assert "loadBalancer" not in snapshot.extra
    assert snapshot.source == "imds"
    assert clock.passed <= 5.1


def test_one_that_fails_does_not_cost_the_others(collect_from: Collect) -> None:
    """An endpoint that answers 500 for ever leaves time for those after it."""
    snapshot = collect_from(ScriptedTransport(answers(loadbalancer=reply(500))), gather="all")
    assert set(snapshot.extra) == {"identity", "scheduledEvents"}


def test_no_token(collect_from: Collect, tmp_path: Path) -> None:
    """Nothing but the tenant's id comes of identity, in facts and on the disk."""
    transport = ScriptedTransport(answers(info=reply(200, {"tenantId": "t", "access_token": "SECRET"})))
    assert collect_from(transport, gather="identity").extra == {"identity": {"tenantId": "t"}}
    assert not any("SECRET" in path.read_text() for path in (tmp_path / "cache").iterdir())
    assert not any("oauth2" in url or "attested" in url for url in transport.urls)


def test_stale(collect_from: Collect, clock: ManualClock) -> None:
    """With a stale instance what was cached beside it stands in too; nothing is asked."""
    collect_from(ScriptedTransport(answers()), gather="all")
    clock.advance(1000)
    snapshot = collect_from(ScriptedTransport(refused()), gather="all")
    assert snapshot.source == "stale"
    assert set(snapshot.extra) == {"loadBalancer", "identity"}


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        *[("load_balancer", answer) for answer in ([], {}, {"loadbalancer": None}, {"loadbalancer": []}, "x", None)],
        *[("identity", answer) for answer in ([], {}, {"tenantId": None}, {"tenantId": 5}, "x", None)],
        *[("scheduled_events", answer) for answer in ([], {}, {"Events": None}, {"Events": {}}, "x", None)],
    ],
)
def test_parse_refuses(name: str, answer: Any) -> None:
    """An answer of another form is invalid."""
    with pytest.raises(InvalidError):
        parse_category(EXTRA_CATEGORIES[name], answer)


def test_notices(collect_from: Collect, reporter: ListReporter) -> None:
    """A category without an answer is reported."""
    collect_from(ScriptedTransport(answers(info=reply(404))), gather="identity")
    assert any("identity" in notice for notice in reporter.notices)


def test_scheduled_events_are_of_this_vm(collect_from: Collect) -> None:
    """Scheduled events are summarized for the VM that the document names."""
    event = {"EventType": "Reboot", "Resources": ["WEB-01"], "NotBefore": "Mon, 19 Sep 2016 18:29:47 GMT"}
    document = {"DocumentIncarnation": 3, "Events": [event, {**event, "Resources": ["other"]}]}
    transport = ScriptedTransport(answers(scheduledevents=reply(200, document)))
    summary = collect_from(transport, gather="scheduled_events").extra["scheduledEvents"]
    assert (summary["pending"], summary["nextType"], summary["incarnation"]) == (1, "Reboot", 3)


@pytest.mark.parametrize(
    ("step", "outcome"),
    [(reply(429, retry_after="60"), "throttled"), (reply(403), "rejected"), (reply(200, b"<html>"), "invalid")],
)
def test_snapshot_says_why(step: Any, outcome: str, collect_from: Collect) -> None:
    """The error of a category that could not be had is on the snapshot, as the outcome that it is."""
    snapshot = collect_from(ScriptedTransport(answers(scheduledevents=step)), gather="all")
    assert {name: error.outcome for name, error in snapshot.failures.items()} == {"scheduledEvents": outcome}


def event(kind: str = "Reboot", resources: Any = ("web-01",), not_before: Any = LATE) -> dict[str, Any]:
    """Return an event."""
    return {
        "EventType": kind,
        "Resources": list(resources) if isinstance(resources, tuple) else resources,
        "NotBefore": not_before,
    }


@pytest.mark.parametrize(
    ("events", "pending", "next_not_before", "next_type"),
    [
        ([], 0, "", ""),
        ([event()], 1, LATE, "Reboot"),
        ([event(), event("Freeze", not_before=EARLY)], 2, EARLY, "Freeze"),
        ([event(resources=("other",), not_before=EARLY), event()], 1, LATE, "Reboot"),
        ([event(resources=("_web-01",))], 1, LATE, "Reboot"),
        ([event(resources=("WEB-01", "b"))], 1, LATE, "Reboot"),
        ([event(not_before="")], 1, "", ""),
        ([event(not_before=None), event("Freeze")], 2, LATE, "Freeze"),
        ([event(not_before="soon")], 1, "", ""),
        ([event(resources=None), event(resources="web-01"), event(resources=(5,)), "odd", None], 0, "", ""),
    ],
)
def test_summary(events: list[Any], pending: int, next_not_before: str, next_type: str) -> None:
    """Only events that concern this VM are counted, and the earliest that has a time is the next."""
    summary = summarize_events({"DocumentIncarnation": 1, "Events": events}, "web-01")
    assert summary == {
        "incarnation": 1,
        "events": events,
        "pending": pending,
        "nextNotBefore": next_not_before,
        "nextType": next_type,
    }


@pytest.mark.parametrize("name", [None, ""])
def test_nameless(name: str | None) -> None:
    """Without a name no event concerns this VM."""
    assert summarize_events({"Events": [event()]}, name)["pending"] == 0
