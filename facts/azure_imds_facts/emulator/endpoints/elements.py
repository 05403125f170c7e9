# SPDX-License-Identifier: Apache-2.0
"""Walk a document and write what is found, as JSON or as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import LEAF_WITHOUT_TEXT, NOT_FOUND, Answer, RefusalError, text_answer
from azure_imds_facts.emulator.vm.machine import write_json

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["render", "walk"]


def walk(document: Any, steps: Sequence[str]) -> Any:
    """Return the element at a path; names are case-sensitive and arrays take an index (documented).

    Raises:
        RefusalError: 404, there is no such element (documented; the body is assumed).
    """
    value = document
    for step in steps:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and _is_index(step, len(value)):
            value = value[int(step)]
        else:
            raise RefusalError(NOT_FOUND)
    return value


def _is_index(step: str, length: int) -> bool:
    return step.isascii() and step.isdigit() and len(step) <= len(str(length)) and int(step) < length


def render(value: Any, format_name: str, *, sort: bool = True) -> Answer:
    """Write an element.

    As JSON a container is written bare, without its own name (documented); a leaf is refused (documented).
    As text a leaf is its value, unquoted; a container lists its names, one a line, with `/` after containers
    (recorded; that lines are sorted and that the last has no newline is assumed).

    Raises:
        RefusalError: 400, a leaf was asked for as JSON.
    """
    is_container = isinstance(value, (dict, list))
    if format_name == "json":
        if not is_container:
            raise RefusalError(LEAF_WITHOUT_TEXT)
        return Answer(body=write_json(value, sort=sort))
    return text_answer(_list_names(value) if is_container else _write_leaf(value))


def _list_names(container: Any) -> str:
    items = enumerate(container) if isinstance(container, list) else sorted(container.items())
    return "\n".join(f"{name}/" if isinstance(child, (dict, list)) else str(name) for name, child in items)


def _write_leaf(value: Any) -> str:
    return value if isinstance(value, str) else write_json(value).decode()
