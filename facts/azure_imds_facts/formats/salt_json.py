# SPDX-License-Identifier: Apache-2.0
"""The grain `azure_imds`, unsorted: the order of its tags is that of its `tagPairs`."""

from __future__ import annotations

from azure_imds_facts.commands.streams import dump_json
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.salt_spelling import spell_salt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter


def format_facts(snapshot: Snapshot, reporter: Reporter) -> str:
    """Return a snapshot's facts as JSON."""
    return dump_json(spell_salt(build_facts(snapshot, reporter=reporter), gather=snapshot.gather), indent=2)
