# SPDX-License-Identifier: Apache-2.0
"""Ansible's names in upper case as shell variables."""

from __future__ import annotations

from shlex import quote

from azure_imds_facts.commands.streams import dump_json
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.spelling import spell_ansible

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter

# Marks, embeddings, overrides and isolates of Unicode (UAX #9): they turn the text that follows round.
_MARKS_OF_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def format_facts(snapshot: Snapshot, reporter: Reporter) -> str:
    """Return a snapshot's facts as assignments, one a line, sorted and quoted for a shell."""
    spelled = spell_ansible(build_facts(snapshot, reporter=reporter), reporter=reporter)
    return "\n".join(f"{name.upper()}={_quote(_plain(value))}" for name, value in sorted(spelled.items()))


def _quote(text: str) -> str:
    quoted = quote(text)
    # To zsh a `=` in a value may begin the name of a command.
    return f"'{text}'" if quoted == text and "=" in text else quoted


def _plain(value: object) -> str:
    """Return a value as plain text: `true` and `false`, null empty, JSON for the rest.

    Characters that act on a terminal are left out; in JSON they are escaped, and so not lost.
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else dump_json(value)
    return "".join(character for character in text if not _is_acting(character))


def _is_acting(character: str) -> bool:
    return ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0 or character in _MARKS_OF_DIRECTION
