# SPDX-License-Identifier: Apache-2.0
"""A row of the table of settings: how one of them is named, read and explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .nodes import ValueNode

__all__ = ["APPEND", "REPLACE", "Reader", "Setting", "describe"]

# How repeated flags combine with the values of a scenario file.
REPLACE, APPEND = "replace", "append"


@dataclass(frozen=True)
class Reader:
    """Reads one setting. `parse`: from the text of a flag, once per occurrence; `load`: from a node of a scenario
    file or of an argument.

    `is_sequence`: the setting is a tuple. `is_optional`: a flag with an empty value is ignored.
    """

    parse: Callable[[str], Any]
    load: Callable[[ValueNode], Any]
    is_sequence: bool = False
    is_optional: bool = False


@dataclass(frozen=True)
class Setting:
    """One row of the table.

    name: the field of `Settings`.
    key: the key in a scenario file; by default the name.
    flag, metavar: the flag and the placeholder of its value, empty for a switch.
    raw_reader: replaces the reader if the document is served raw.
    repeat: how a repeatable flag combines with a scenario file: REPLACE or APPEND; empty for other flags.
    default: the default for people; by default the default of the field.
    """

    group: str
    flag: str
    metavar: str
    help: str
    reader: Reader
    raw_reader: Reader | None = None
    repeat: str = ""
    default: str = ""
    key: str = ""
    name: str = ""

    def choose_reader(self, *, raw: bool) -> Reader:
        """Return the reader for a document that is served raw, or for one that is projected."""
        return self.raw_reader if raw and self.raw_reader is not None else self.reader


def describe(group: str, flag: str, text: str, reader: Reader, **options: Any) -> dict[str, Setting]:
    """Build the metadata of a field of `Settings`. `flag` includes the placeholder of its value."""
    name, _, metavar = flag.partition(" ")
    return {"setting": Setting(group, name, metavar, text, reader, **options)}
