# SPDX-License-Identifier: Apache-2.0
"""Projection of a complete document to an api-version, and checks of documents against the field table."""

from __future__ import annotations

import json
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError, format_choices, format_value, suggest

from .document_paths import Segment, format_path, is_index
from .fields import FieldNode, load_instance_tree

__all__ = ["check_document", "find_field", "find_unknown_fields", "project_document"]

_CONTAINERS: dict[str, type] = {"object": dict, "array": list, "null": type(None)}


def project_document(
    document: dict[str, Any], version: str, *, extended: bool, platform: str = "vm", keep_unknown: bool = False
) -> dict[str, Any]:
    """Return the fields of a complete document that a version serves.

    `keep_unknown`: and those that no version of the field table has, as they are.

    A section that the document lacks is left out. Inside a section every field of the version is present; missing
    ones are `""`, `[]` or an object of such values (recorded). `physicalZone` is present only in a zone. That is
    assumed: it is documented since 2023-11-15, but the one recorded document, which had no zone, lacks it. `extended`
    is present only on request (recorded).
    """
    tree = load_instance_tree(version, platform=platform)
    projected = {name: _project(document[name], node) for name, node in tree.children.items() if name in document}
    if keep_unknown:
        _add_unknown(document, projected, load_instance_tree(platform=platform))
    if not extended:
        projected.pop("extended", None)
    compute = projected.get("compute")
    if compute and not compute.get("zone"):
        compute.pop("physicalZone", None)
    return projected


def _project(value: Any, node: FieldNode) -> Any:
    if node.kind == "object":
        known = value if isinstance(value, dict) else {}
        return {name: _project(known.get(name), child) for name, child in node.children.items()}
    if node.kind == "array":
        element = FieldNode("object", node.children)
        return [_project(item, element) for item in value or []]
    if node.kind == "null":
        return None
    return value in (True, "true") if node.kind == "bool" else _format_scalar(value)


def _add_unknown(value: Any, projected: Any, node: FieldNode) -> None:
    """Add to a projection what the document has beyond the field table."""
    if isinstance(value, list) and isinstance(projected, list):
        for item, projected_item in zip(value, projected):
            _add_unknown(item, projected_item, FieldNode("object", node.children))
    elif isinstance(value, dict) and isinstance(projected, dict):
        for name, child in value.items():
            if name not in node.children:
                projected[name] = child
            elif name in projected:
                _add_unknown(child, projected[name], node.children[name])


def _format_scalar(value: object) -> str:
    """Format a scalar as IMDS does: everything below /metadata/instance is a string (recorded)."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def check_document(document: object, *, source: str, platform: str = "vm") -> dict[str, Any]:
    """Return a document whose containers have the types of the field table. `source` names it in messages.

    Raises:
        EmulatorError: it is not an object, has no known section, or a container has the wrong type.
    """
    tree = load_instance_tree(platform=platform)
    sections = tree.children
    if not isinstance(document, dict):
        raise EmulatorError(
            f"{source}: expected an object with {format_choices(sections)}; --raw serves any file unchanged"
        )
    if not sections.keys() & document.keys():
        raise EmulatorError(
            f"{source}: none of the sections {format_choices(sections)}; --raw serves any file unchanged"
        )
    _check_types(document, tree, (), source)
    return document


def _check_types(value: Any, node: FieldNode, segments: tuple[Segment, ...], source: str) -> None:
    if value is None:
        return
    expected = _CONTAINERS.get(node.kind)
    if (not isinstance(value, expected)) if expected else isinstance(value, (dict, list)):
        path = format_path(segments)
        raise EmulatorError(f"{source}: {path}: expected {node.kind}; --raw serves any file unchanged")
    if node.kind == "array":
        for index, item in enumerate(value):
            _check_types(item, FieldNode("object", node.children), (*segments, str(index)), source)
    elif node.kind == "object":
        for name, child in node.children.items():
            _check_types(value.get(name), child, (*segments, name), source)


def find_unknown_fields(document: Any, node: FieldNode | None = None, segments: tuple[Segment, ...] = ()) -> list[str]:
    """List the paths in a document that no version serves."""
    node = node or load_instance_tree()
    if isinstance(document, list):
        nested = (find_unknown_fields(item, node, (*segments, str(index))) for index, item in enumerate(document))
        return [path for paths in nested for path in paths]
    if not isinstance(document, dict):
        return []
    found: list[str] = []
    for name, value in document.items():
        child = node.children.get(name)
        path = (*segments, name)
        found += [format_path(path)] if child is None else find_unknown_fields(value, child, path)
    return found


def find_field(segments: tuple[Segment, ...], *, platform: str = "vm", keep_unknown: bool = False) -> FieldNode:
    """Return the node of the field table at a path. `keep_unknown`: any other field is a string.

    Raises:
        EmulatorError: no version has such a field; the message lists the allowed names.
    """
    node = load_instance_tree(platform=platform)
    allowed = node.children
    for number, segment in enumerate(segments):
        if node.kind == "array" and is_index(segment):
            node = FieldNode("object", node.children)
            continue
        if segment not in node.children or node.kind == "array":
            if keep_unknown and node.kind == "object":
                return FieldNode("string")
            parent = format_path(segments[:number]) or "the document"
            expected = "allowed: an index" if node.kind == "array" else suggest(segment, sorted(allowed))
            hint = " (--keep-unknown serves it)" if node.kind == "object" else ""
            problem = f"no field {format_value(segment)} in {parent}{hint}; {expected}"
            raise EmulatorError(f"{format_path(segments)}: {problem}")
        node = node.children[segment]
        allowed = node.children
    return node
