# SPDX-License-Identifier: Apache-2.0
"""The metric `azure_imds_info`, as its file has it."""

from __future__ import annotations

from azure_imds_facts.core.prometheus_spelling import build_info, spell_prometheus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter


def format_facts(snapshot: Snapshot, reporter: Reporter) -> str:
    """Return the metric in Prometheus' text format, whatever is gathered."""
    return spell_prometheus(build_info(snapshot, reporter)["labels"])
