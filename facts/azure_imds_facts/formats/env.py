# SPDX-License-Identifier: Apache-2.0
"""Ansible's names in upper case as shell variables."""

from __future__ import annotations

import json
from shlex import quote

from azure_imds_facts.core.spelling import spell_ansible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azure_imds_facts.core.reporter import Reporter


def format_facts(facts: dict[str, Any], reporter: Reporter) -> str:
    """Return facts (`facts.build_facts`) as assignments, one a line, sorted and quoted for a shell."""
    spelled = spell_ansible(facts, reporter=reporter)
    return "\n".join(f"{name.upper()}={_quote(_plain(value))}" for name, value in sorted(spelled.items()))


def _quote(text: str) -> str:
    quoted = quote(text)
    # To zsh a `=` in a value may begin the name of a command.
    return f"'{text}'" if quoted == text and "=" in text else quoted


def _plain(value: object) -> str:
    """Return a value as plain text: no control characters, `true` and `false`, null empty, JSON for the rest."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(character for character in text if not _is_control(character))


def _is_control(character: str) -> bool:
    return ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0
