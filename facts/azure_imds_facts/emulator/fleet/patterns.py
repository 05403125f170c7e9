# SPDX-License-Identifier: Apache-2.0
"""Patterns of names and values, such as `web-{n:04}`: a text with placeholders for what differs from VM to VM."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from azure_imds_facts.emulator.errors import EmulatorError, format_choices, format_value

__all__ = ["PLACEHOLDERS", "Pattern", "parse_pattern"]

PLACEHOLDERS = (
    "n",  # the number of the VM in its group, from 0
    "zone",
    "fault_domain",
    "size",
    "scale_set",  # the name of the scale set
    "set",  # the number of the scale set, from 0
    "instance",  # the number of the VM in its scale set, from 0
)
_NUMBERS = {"n", "set", "instance"}
_PART = re.compile(r"\{(\w+)(?::0?(\d{1,2}))?\}|([{}])", re.ASCII)
_FORM = "a name in braces, a number with its width, such as {n:04}"


@dataclass(frozen=True)
class Pattern:
    """A parsed pattern: texts, and between them placeholders with the least digits of a number."""

    parts: tuple[str | tuple[str, int], ...]

    @property
    def names(self) -> frozenset[str]:
        """The placeholders in it."""
        return frozenset(part[0] for part in self.parts if isinstance(part, tuple))

    def fill(self, values: Mapping[str, object]) -> str:
        """Return the text with these values; numbers have zeros in front."""
        return "".join(
            part if isinstance(part, str) else str(values[part[0]]).rjust(part[1], "0") for part in self.parts
        )


def parse_pattern(text: str) -> Pattern:
    """Parse a pattern.

    Raises:
        EmulatorError: a brace belongs to no placeholder, or the placeholder is unknown.
    """
    parts: list[str | tuple[str, int]] = []
    end = 0
    for match in _PART.finditer(text):
        name, width, brace = match.groups()
        if brace:
            raise EmulatorError(f"pattern {format_value(text)}: a lone {brace!r}; allowed: {_FORM}")
        if name not in PLACEHOLDERS or (width and name not in _NUMBERS):
            known = f"{format_choices(PLACEHOLDERS)}, of which {format_choices(sorted(_NUMBERS))} take a width"
            raise EmulatorError(f"pattern {format_value(text)}: unknown {format_value(match[0])}; allowed: {known}")
        parts += [text[end : match.start()], (name, int(width or 0))]
        end = match.end()
    return Pattern(tuple(part for part in (*parts, text[end:]) if part))
