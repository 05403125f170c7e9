# SPDX-License-Identifier: Apache-2.0
"""What the execution module does, for a caller who waits. Everything raises the ImdsError of the outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.attested import fetch_document
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.document import parse_compute_text
from azure_imds_facts.core.events.client import EventClient, UnknownEventError
from azure_imds_facts.core.events.model import concerns, parse_timeline
from azure_imds_facts.core.events.spelling import spell_approval, spell_event
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.host import choose_host
from azure_imds_facts.core.raw_query import fetch_path
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.vm_only import require_azure
from azure_imds_facts.salt.grain import LogReporter, build_minion_settings, open_transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.events.model import Event


def collect_facts(opts: Mapping[str, Any], **overrides: object) -> dict[str, Any]:
    """Return the content of the grain, and how old it is.

    `overrides` are settings that beat the minion's where they are not None.
    """
    reporter = LogReporter()
    snapshot = collect(build_minion_settings(opts, **overrides), open_transport=open_transport, reporter=reporter)
    content: dict[str, Any] = spell_salt(build_facts(snapshot, reporter=reporter), is_grain=False)["azure_imds"]
    return content


def fetch_anew(opts: Mapping[str, Any], **overrides: object) -> dict[str, Any]:
    """Ask IMDS, whatever is cached or remembered, and return how that went, the category `snapshot`."""
    reporter = LogReporter()
    settings = build_minion_settings(opts, cache_ttl=0, **overrides)
    snapshot = collect(settings, open_transport=open_transport, reporter=reporter, allow_fallback=False)
    content = spell_salt(build_facts(snapshot, reporter=reporter), is_grain=False)["azure_imds"]
    described: dict[str, Any] = content["snapshot"]
    return described


def wait_for_answer(opts: Mapping[str, Any], **overrides: object) -> None:
    """Return once IMDS has answered, or another tool on this machine has a fresh answer. An older one does not do."""
    settings = build_minion_settings(opts, **overrides)
    collect(settings, open_transport=open_transport, reporter=LogReporter(), allow_fallback=False)


def fetch_events(opts: Mapping[str, Any], **overrides: object) -> dict[str, Any]:
    """Return the category `scheduledEvents`, which is never cached, with each event spelled as everywhere."""
    category, events, name = _fetch_events(opts, **overrides)
    return {**category, "events": [spell_event(event, now_s=Clock().time(), vm_name=name) for event in events]}


def fetch_own_events(opts: Mapping[str, Any], **overrides: object) -> list[dict[str, Any]]:
    """Return the events that concern this VM, spelled as everywhere; all, where IMDS does not say its name."""
    _category, events, name = _fetch_events(opts, **overrides)
    own = [event for event in events if name is None or concerns(event, name)]
    return [spell_event(event, now_s=Clock().time(), vm_name=name) for event in own]


def _fetch_events(opts: Mapping[str, Any], **overrides: object) -> tuple[dict[str, Any], tuple[Event, ...], str | None]:
    """Return the category, its events, and this VM's name."""
    settings = build_minion_settings(opts, gather="scheduled_events", **overrides)
    snapshot = collect(settings, open_transport=open_transport, reporter=LogReporter(), allow_fallback=False)
    if "scheduledEvents" in snapshot.failures:
        failure = snapshot.failures["scheduledEvents"]
        hint = "The first request ever switches scheduled events on for this VM, which can take two minutes."
        raise type(failure)(failure.problem, hint=f"{failure.hint} {hint}".lstrip())
    category: dict[str, Any] = snapshot.extra["scheduledEvents"]
    stored = {"DocumentIncarnation": category["incarnation"], "Events": category["events"]}
    timeline = parse_timeline(stored, empty=stored if category["incarnation"] is None else None)
    return category, timeline.events, parse_compute_text(snapshot.document, "name") or None


def open_events(opts: Mapping[str, Any], **overrides: object) -> EventClient:
    """Return a client for scheduled events, whose api-versions are not the minion's setting.

    Raises NotAzureError where this machine is not an Azure VM.
    """
    settings = build_minion_settings(opts, **overrides)
    require_azure(settings, choose_host())
    return EventClient(settings.endpoint, open_transport, timeout_s=settings.timeout, reporter=LogReporter())


def approve_event(opts: Mapping[str, Any], event_id: str, **overrides: object) -> dict[str, Any]:
    """Approve a scheduled event; return `event_id`, `approved` and `already_started`."""
    client = open_events(opts, **overrides)
    try:
        listed_id, is_new = client.approve_listed(event_id)
        return spell_approval(listed_id, is_new=is_new)
    except UnknownEventError as error:
        raise UnknownEventError(error.problem, hint=f"{error.hint} azure_imds.events lists those there are.") from None
    finally:
        client.close()


def fetch_raw(opts: Mapping[str, Any], path: str, text_format: str | None, **overrides: object) -> Any:
    """Return IMDS's answer for one path: the JSON value, or text."""
    answer = fetch_path(
        build_minion_settings(opts, **overrides),
        path,
        text_format=text_format,
        open_transport=open_transport,
        reporter=LogReporter(),
    )
    text = answer.body.decode("utf-8-sig", errors="replace")
    return text if answer.is_text else json.loads(text)


def fetch_attested(opts: Mapping[str, Any], nonce: str | None, **overrides: object) -> dict[str, Any]:
    """Return IMDS's signed document, with this nonce."""
    settings = build_minion_settings(opts, **overrides)
    document: dict[str, Any] = fetch_document(settings, nonce, open_transport=open_transport, reporter=LogReporter())
    return document
