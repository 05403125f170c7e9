# SPDX-License-Identifier: Apache-2.0
"""The content of the local facts file as YAML. The import raises UsageError where PyYAML is missing."""

from __future__ import annotations

from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.local_spelling import spell_local

try:
    import yaml
except ImportError:
    raise UsageError(
        "--format yaml needs PyYAML.", hint="Install it with pip install 'azure-imds-facts[yaml]', or take json."
    ) from None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azure_imds_facts.core.reporter import Reporter


def format_facts(facts: dict[str, Any], reporter: Reporter) -> str:
    """Return facts (`facts.build_facts`) as YAML."""
    spelled = spell_local(facts, reporter=reporter, with_age=True)
    return str(yaml.safe_dump(spelled, allow_unicode=True)).rstrip("\n")
