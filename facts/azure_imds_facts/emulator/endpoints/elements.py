# SPDX-License-Identifier: Apache-2.0
"""Elements of a document: found by a path, rendered as JSON or as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.http.response import HttpError, Response, text_response
from azure_imds_facts.emulator.vm.machine import encode_json

from .error_responses import LEAF_WITHOUT_TEXT, NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["find_element", "render_element"]


def find_element(document: Any, segments: Sequence[str]) -> Any:
    """Return the element at a path. Names are case-sensitive and arrays take an index (documented).

    Raises:
        HttpError: 404, there is no such element (documented; the body is assumed).
    """
    value = document
    for segment in segments:
        if isinstance(value, dict) and segment in value:
            value = value[segment]
        elif isinstance(value, list) and _is_index(segment, len(value)):
            value = value[int(segment)]
        else:
            raise HttpError(NOT_FOUND)
    return value


def _is_index(segment: str, length: int) -> bool:
    return segment.isascii() and segment.isdigit() and len(segment) <= len(str(length)) and int(segment) < length


def render_element(value: Any, format_name: str, *, sort: bool = True) -> Response:
    """Render an element.

    As JSON, a container has no wrapper (documented) and a leaf is rejected (documented). As text, a leaf is its value,
    unquoted; a container is a list of its names, one a line, with `/` after containers (recorded). The order of the
    lines and the missing final newline are assumed.

    Raises:
        HttpError: 400, a leaf was requested as JSON.
    """
    is_container = isinstance(value, (dict, list))
    if format_name == "json":
        if not is_container:
            raise HttpError(LEAF_WITHOUT_TEXT)
        return Response(body=encode_json(value, sort=sort))
    return text_response(_list_names(value) if is_container else _format_leaf(value))


def _list_names(container: Any) -> str:
    items = enumerate(container) if isinstance(container, list) else sorted(container.items())
    return "\n".join(f"{name}/" if isinstance(child, (dict, list)) else str(name) for name, child in items)


def _format_leaf(value: Any) -> str:
    return value if isinstance(value, str) else encode_json(value).decode()
