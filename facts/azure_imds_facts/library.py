# SPDX-License-Identifier: Apache-2.0
"""The front for Python programs. The names of the package `azure_imds_facts` come from here and from the core."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.collector import collect as collect_snapshot
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.requests_transport import RequestsTransport

if TYPE_CHECKING:
    from azure_imds_facts.core.transport import Transport


def collect(
    *, reporter: Reporter | None = None, transport: Transport | None = None, **settings: object
) -> dict[str, Any]:
    """Return category → facts in IMDS's own spelling, as the Salt grain has them.

    `settings` are `endpoint`, `api_version`, `timeout` (s), `detect`, `cache_ttl` (s), `cache_dir`, `gather` and
    `reveal`. Those that are not given come from the environment: `AZURE_IMDS_ENDPOINT` and so on. `transport` stays
    open: pass a `RequestsTransport` to keep one connection over many calls. Raises the `ImdsError` of the outcome.
    """
    reporter = reporter or Reporter()
    snapshot = collect_snapshot(
        build_settings(settings, os.environ),
        open_transport=(lambda: _Borrowed(transport)) if transport else RequestsTransport,
        reporter=reporter,
    )
    return build_facts(snapshot, reporter=reporter)


class _Borrowed:
    """A transport that belongs to the caller, which a collection does not close."""

    def __init__(self, transport: Transport) -> None:
        self.fetch = transport.fetch

    def close(self) -> None:
        """Leave it open."""
