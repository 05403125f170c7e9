# SPDX-License-Identifier: Apache-2.0
"""The content of the local facts file, sorted as there."""

from __future__ import annotations

from azure_imds_facts.commands.streams import dump_json
from azure_imds_facts.core.local_spelling import spell_local

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azure_imds_facts.core.reporter import Reporter


def format_facts(facts: dict[str, Any], reporter: Reporter) -> str:
    """Return facts (`facts.build_facts`) as JSON."""
    return dump_json(spell_local(facts, reporter=reporter, with_age=True), indent=2, sort_keys=True)
