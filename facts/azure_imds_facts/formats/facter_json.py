# SPDX-License-Identifier: Apache-2.0
"""The fact `azure_imds` of Facter and OpenVox, sorted as in their file."""

from __future__ import annotations

from azure_imds_facts.commands.streams import dump_json
from azure_imds_facts.core.facter_spelling import FACT, replace_nul
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.local_spelling import spell_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter


def format_facts(snapshot: Snapshot, reporter: Reporter) -> str:
    """Return a snapshot's facts as JSON."""
    facts = spell_local(build_facts(snapshot, reporter=reporter), reporter=reporter, with_age=True)
    return dump_json({FACT: replace_nul(facts)}, indent=2, sort_keys=True)
