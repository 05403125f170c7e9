# SPDX-License-Identifier: Apache-2.0
"""Answer somebody who waits for it: what the execution module does. Everything raises the ImdsError of the outcome."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import NotAzureError, UnavailableError
from azure_imds_facts.core.event_client import EventClient
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.failures import Failures
from azure_imds_facts.core.host import Host, detect_azure
from azure_imds_facts.core.nested import spell_salt
from azure_imds_facts.core.question import fetch_path
from azure_imds_facts.core.settings import DISABLED
from azure_imds_facts.salt.collecting import LogReporter, build_minion_settings, open_transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.errors import ImdsError


class _Witness(Failures):
    """Recall nothing, so that IMDS is asked whatever went wrong before, and keep what goes wrong now."""

    error: ImdsError | None = None

    def __init__(self) -> None:
        super().__init__(seconds=0)

    def recall(self) -> ImdsError | None:
        """Return nothing."""
        return None

    def remember(self, error: ImdsError) -> None:
        """Keep the failure for whoever asked; the grain's own memory is left as it is."""
        self.error = error


class _NoticeKeeper(LogReporter):
    """Log, and keep the last notice: why a category that was asked for is missing."""

    last = ""

    def notice(self, message: str) -> None:
        """Log and keep."""
        super().notice(message)
        self.last = message.partition("No scheduled_events facts: ")[2]


def collect_facts(opts: Mapping[str, Any], **overrides: object) -> dict[str, Any]:
    """Return the content of the grain; `overrides` are settings that beat the minion's where they are not None."""
    reporter = LogReporter()
    snapshot = collect(build_minion_settings(opts, **overrides), open_transport=open_transport, reporter=reporter)
    content: dict[str, Any] = spell_salt(build_facts(snapshot, reporter=reporter))["azure_imds"]
    return content


def collect_anew(opts: Mapping[str, Any], **overrides: object) -> dict[str, Any]:
    """Ask IMDS, whatever is kept or remembered, and return how that went, the category `snapshot`.

    Older facts do not stand in here: they are not what was asked for.
    """
    witness, reporter = _Witness(), LogReporter()
    settings = build_minion_settings(opts, cache_ttl=0, **overrides)
    snapshot = collect(settings, open_transport=open_transport, reporter=reporter, failures=witness)
    if witness.error:
        raise witness.error
    described: dict[str, Any] = build_facts(snapshot, reporter=reporter)["snapshot"]
    return described


def collect_events(opts: Mapping[str, Any], **overrides: object) -> dict[str, Any]:
    """Return the category `scheduledEvents`, which is never cached."""
    witness, reporter = _Witness(), _NoticeKeeper()
    settings = build_minion_settings(opts, gather="scheduled_events", **overrides)
    snapshot = collect(settings, open_transport=open_transport, reporter=reporter, failures=witness)
    facts = build_facts(snapshot, reporter=reporter)
    if "scheduledEvents" not in facts:
        raise witness.error or UnavailableError(
            reporter.last,
            hint="The first request ever switches scheduled events on for this VM, which can take two minutes.",
        )
    events: dict[str, Any] = facts["scheduledEvents"]
    return events


def open_events(opts: Mapping[str, Any], **overrides: object) -> EventClient:
    """Return a client for scheduled events, which have api-versions of their own: the minion's is not theirs.

    Raises NotAzureError where this machine is no Azure VM.
    """
    settings = build_minion_settings(opts, **overrides)
    if settings.is_disabled:
        raise NotAzureError(f"{DISABLED} is set, so nothing was asked.", hint="Unset it to watch events.")
    if settings.detect == "auto":
        detect_azure(Host())
    return EventClient(settings.endpoint, open_transport, timeout_s=settings.timeout, reporter=LogReporter())


def approve_event(opts: Mapping[str, Any], event_id: str, **overrides: object) -> bool:
    """Approve a scheduled event; return False where it had started already."""
    client = open_events(opts, **overrides)
    try:
        return client.approve(event_id)
    finally:
        client.close()


def ask_path(opts: Mapping[str, Any], path: str, text_format: str | None, **overrides: object) -> Any:
    """Return what IMDS says of one path: what its JSON holds, or text."""
    answer = fetch_path(
        build_minion_settings(opts, **overrides),
        path,
        text_format=text_format,
        open_transport=open_transport,
        reporter=LogReporter(),
    )
    text = answer.body.decode("utf-8-sig", errors="replace")
    return text if answer.is_text else json.loads(text)
