# SPDX-License-Identifier: Apache-2.0
"""Errors of an emulator that cannot start or cannot be changed.

EmulatorError
└── NamespaceError      namespaces are not permitted, or a mount or an address was refused
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable

__all__ = [
    "EmulatorError",
    "NamespaceError",
    "check_choice",
    "format_choices",
    "format_os_error",
    "format_value",
    "suggest",
]

_LONGEST_VALUE, _LONGEST_MESSAGE = 80, 1500
# How like another a name is that was meant, and how many names a message lists.
_LIKENESS, _MOST_NAMES = 0.65, 8


class EmulatorError(Exception):
    """An invalid setting or change. The message is one line: what, where, and the allowed values."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # It may quote names of files and fields, which can hold anything.
        line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in " ".join(message.splitlines()))
        super().__init__(line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…")


class NamespaceError(EmulatorError):
    """Namespaces cannot be created. `env` and `timeout` also exit with 125 on failures of their own."""

    exit_code = 125


def check_choice(noun: str, name: object, allowed: Collection[object]) -> None:
    """Check a name against the allowed ones; `noun` says in the message what it names.

    Raises:
        EmulatorError: the name is unknown.
    """
    if not isinstance(name, str) or name not in allowed:
        raise EmulatorError(f"unknown {noun} {format_value(name)}; allowed: {format_choices(allowed)}")


def format_value(value: object) -> str:
    """Quote a value of any type for a message. A long one is cut."""
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def format_choices(names: Iterable[object]) -> str:
    """Join allowed values for a message, in their own order."""
    return ", ".join(str(name) for name in names)


def suggest(name: str, allowed: Iterable[str]) -> str:
    """Say for a message which of many allowed names an unknown one is like; without any such, the first of them."""
    folded = {each.casefold(): each for each in allowed}
    near = difflib.get_close_matches(name.casefold(), folded, cutoff=_LIKENESS)
    if near:
        return f"did you mean {' or '.join(folded[each] for each in near)}?"
    names, rest = list(folded.values())[:_MOST_NAMES], len(folded) - _MOST_NAMES
    return f"allowed: {format_choices(names) or 'nothing'}{f' and {rest} more' if rest > 0 else ''}"


def format_os_error(error: OSError) -> str:
    """Return the reason of a failed system call for a message, in lower case."""
    return (error.strerror or str(error)).lower()
