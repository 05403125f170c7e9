# SPDX-License-Identifier: Apache-2.0
"""Paths in a document: `compute.zone`, `network/interface/0/macAddress`, `a.b[2].c`."""

from __future__ import annotations

import re
from copy import copy
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError

__all__ = ["Segment", "copy_along", "format_path", "get_value", "is_index", "parse_path", "set_value"]

Segment = str  # a name, or the digits of an index
_INDEX = re.compile(r"\[(\d{1,9})\]", re.ASCII)
_DIGITS = re.compile(r"\d{1,9}", re.ASCII)


def parse_path(text: str) -> tuple[Segment, ...]:
    """Split a path into its segments.

    Raises:
        EmulatorError: the path or one of its segments is empty.
    """
    segments = tuple(_INDEX.sub(r".\1", text.strip("/")).replace("/", ".").split("."))
    if not all(segments):
        raise EmulatorError(f"invalid path {text!r}; use one like compute.zone or network.interface[0].macAddress")
    return segments


def is_index(segment: Segment) -> bool:
    """Return whether a segment is the index of an array."""
    return _DIGITS.fullmatch(segment) is not None


def format_path(segments: tuple[Segment, ...]) -> str:
    """Join segments with dots."""
    return ".".join(segments)


def get_value(document: Any, segments: tuple[Segment, ...]) -> Any:
    """Return the value at a path, None where there is none."""
    value = document
    for segment in segments:
        if isinstance(value, dict):
            value = value.get(segment)
        elif isinstance(value, list) and is_index(segment) and int(segment) < len(value):
            value = value[int(segment)]
        else:
            return None
    return value


def copy_along(document: Any, segments: tuple[Segment, ...]) -> None:
    """Replace the containers on the way to a path by copies, in a document that shares them with others."""
    container = document
    for number, segment in enumerate(segments[:-1], 1):
        child = get_value(document, segments[:number])
        if not isinstance(child, (dict, list)):
            return
        container[segment if isinstance(container, dict) else int(segment)] = child = copy(child)
        container = child


def set_value(document: Any, segments: tuple[Segment, ...], value: object) -> None:
    """Set a value in a document. Missing objects are created; the index after an array's last element appends.

    Raises:
        EmulatorError: the path crosses a value that is neither object nor array, or an index is out of range.
    """
    container = document
    for segment, following in zip(segments, (*segments[1:], None)):
        is_last = following is None
        container = _descend(
            container, segment, value if is_last else {}, replace=is_last, document_path=format_path(segments)
        )


def _descend(container: Any, segment: Segment, new: object, *, replace: bool, document_path: str) -> Any:
    """Return the child of a container. It becomes `new` if it is missing or to be replaced."""
    if isinstance(container, dict):
        if replace or segment not in container:
            container[segment] = new
        return container[segment]
    if not isinstance(container, list) or not is_index(segment):
        raise EmulatorError(f"{document_path}: the parent of {segment!r} is neither an object nor an array")
    index = int(segment)
    if index > len(container):
        size = len(container)
        raise EmulatorError(f"{document_path}: the array has {size} elements; allowed: 0 to {size}")
    if index == len(container):
        container.append(new)
    elif replace:
        container[index] = new
    return container[index]
