# SPDX-License-Identifier: Apache-2.0
"""The grain `azure_imds`, unsorted: the order of its tags is that of its `tagPairs`."""

from __future__ import annotations

from azure_imds_facts.commands.streams import dump_json
from azure_imds_facts.core.salt_spelling import spell_salt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azure_imds_facts.core.reporter import Reporter


def format_facts(facts: dict[str, Any], reporter: Reporter) -> str:  # noqa: ARG001  nothing is left out here
    """Return facts (`facts.build_facts`) as JSON."""
    return dump_json(spell_salt(facts), indent=2)
