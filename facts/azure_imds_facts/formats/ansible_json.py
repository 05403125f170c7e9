# SPDX-License-Identifier: Apache-2.0
"""The `ansible_facts` of the module azure_imds_facts."""

from __future__ import annotations

from azure_imds_facts.commands.streams import dump_json
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.spelling import spell_ansible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter


def format_facts(snapshot: Snapshot, reporter: Reporter) -> str:
    """Return a snapshot's facts as JSON."""
    return dump_json(
        spell_ansible(build_facts(snapshot, reporter=reporter), reporter=reporter), indent=2, sort_keys=True
    )
