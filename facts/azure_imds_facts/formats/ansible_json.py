# SPDX-License-Identifier: Apache-2.0
"""The `ansible_facts` of the module azure_imds_facts."""

from __future__ import annotations

from azure_imds_facts.commands.streams import dump_json
from azure_imds_facts.core.spelling import spell_ansible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azure_imds_facts.core.reporter import Reporter


def format_facts(facts: dict[str, Any], reporter: Reporter) -> str:
    """Return facts (`facts.build_facts`) as JSON."""
    return dump_json(spell_ansible(facts, reporter=reporter), indent=2, sort_keys=True)
