# SPDX-License-Identifier: Apache-2.0
"""Give a document the shape of an api-version: exactly the fields of the table, `""` where nothing applies."""

from __future__ import annotations

import json
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError, choices

from .document_paths import Step, spell_path
from .fields import Node, instance_tree

__all__ = ["check_document", "find_node", "shape_document", "unknown_fields"]

_EXPECTED = {"object": dict, "array": list}


def shape_document(document: dict[str, Any], version: str, *, extended: bool) -> dict[str, Any]:
    """Return what a version shows of a complete document.

    Sections that the document lacks stay away; inside a section every field of the version is there, filled
    with `""`, `[]` or an object of such (recorded). `physicalZone` only where there is a zone (assumed:
    documented since 2023-11-15, yet absent from the one recorded document, which had none). `extended` only
    when asked for (recorded).
    """
    tree = instance_tree(version)
    shaped = {name: _shape(document[name], node) for name, node in tree.children.items() if name in document}
    if not extended:
        shaped.pop("extended", None)
    compute = shaped.get("compute")
    if compute and not compute.get("zone"):
        compute.pop("physicalZone", None)
    return shaped


def _shape(value: Any, node: Node) -> Any:
    if node.kind == "object":
        known = value if isinstance(value, dict) else {}
        return {name: _shape(known.get(name), child) for name, child in node.children.items()}
    if node.kind == "array":
        element = Node("object", node.children)
        return [_shape(item, element) for item in value or []]
    return value in (True, "true") if node.kind == "bool" else _text(value)


def _text(value: object) -> str:
    """Spell a primitive as IMDS does: everything under /metadata/instance is a string (recorded)."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def check_document(document: object, *, where: str) -> dict[str, Any]:
    """Return a document whose containers have the types of the field table.

    Raises:
        EmulatorError: it is no object, holds no known section, or has the wrong type somewhere.
    """
    sections = instance_tree().children
    if not isinstance(document, dict):
        raise EmulatorError(f"{where}: expected an object with {choices(sections)}; --raw serves anything as it is")
    if not sections.keys() & document.keys():
        raise EmulatorError(f"{where}: none of the sections {choices(sections)}; --raw serves anything as it is")
    _check(document, instance_tree(), (), where)
    return document


def _check(value: Any, node: Node, steps: tuple[Step, ...], where: str) -> None:
    if value is None:
        return
    expected = _EXPECTED.get(node.kind)
    if (not isinstance(value, expected)) if expected else isinstance(value, (dict, list)):
        raise EmulatorError(f"{where}: {spell_path(steps)}: expected {node.kind}; --raw serves anything as it is")
    if node.kind == "array":
        for index, item in enumerate(value):
            _check(item, Node("object", node.children), (*steps, str(index)), where)
    elif node.kind == "object":
        for name, child in node.children.items():
            _check(value.get(name), child, (*steps, name), where)


def unknown_fields(document: Any, node: Node | None = None, steps: tuple[Step, ...] = ()) -> list[str]:
    """List the places of a document that no version would show, for a warning."""
    node = node or instance_tree()
    if isinstance(document, list):
        inside = (unknown_fields(item, node, (*steps, str(index))) for index, item in enumerate(document))
        return [path for paths in inside for path in paths]
    if not isinstance(document, dict):
        return []
    found: list[str] = []
    for name, value in document.items():
        child = node.children.get(name)
        place = (*steps, name)
        found += [spell_path(place)] if child is None else unknown_fields(value, child, place)
    return found


def find_node(steps: tuple[Step, ...]) -> Node:
    """Return what the field table says of a place.

    Raises:
        EmulatorError: no version has such a field; the message lists what is allowed there.
    """
    node, allowed = instance_tree(), instance_tree().children
    for number, step in enumerate(steps):
        if node.kind == "array" and step.isdigit():
            node = Node("object", node.children)
            continue
        if step not in node.children or node.kind == "array":
            here = spell_path(steps[:number]) or "the document"
            expected = "an index" if node.kind == "array" else choices(sorted(allowed)) or "nothing"
            raise EmulatorError(f"{spell_path(steps)}: no field {step!r} in {here}; allowed: {expected}")
        node = node.children[step]
        allowed = node.children
    return node
