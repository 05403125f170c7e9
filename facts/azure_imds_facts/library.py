# SPDX-License-Identifier: Apache-2.0
"""The front for Python programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.collector import collect as collect_snapshot
from azure_imds_facts.core.errors import Reporter
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.requests_transport import RequestsTransport

if TYPE_CHECKING:
    from azure_imds_facts.core.transport import Transport


def collect(
    *, reporter: Reporter | None = None, transport: Transport | None = None, **settings: object
) -> dict[str, Any]:
    """Return category → facts in IMDS's own spelling, as the Salt grain has them.

    `settings` are those of the environment variables without their prefix: `endpoint`, `api_version`, `timeout` (s),
    `detect`, `cache_ttl` (s), `cache_dir`, `gather`, `reveal`; what is not given comes from the environment.
    `transport` is asked instead of one of our own, and stays open: hand in a `RequestsTransport` to keep a connection
    over many calls. Raises the `azure_imds_facts.core.errors.ImdsError` of the outcome.
    """
    reporter = reporter or Reporter()
    snapshot = collect_snapshot(
        build_settings(settings, os.environ),
        open_transport=(lambda: _Kept(transport)) if transport else RequestsTransport,
        reporter=reporter,
    )
    return build_facts(snapshot, reporter=reporter)


class _Kept:
    """A transport that belongs to the caller: a collection does not close it."""

    def __init__(self, transport: Transport) -> None:
        self.fetch = transport.fetch

    def close(self) -> None:
        """Leave it open."""
