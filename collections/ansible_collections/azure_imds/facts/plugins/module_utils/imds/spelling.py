# SPDX-License-Identifier: Apache-2.0
"""Spell facts in snake_case: the flat ones of Ansible. What Salt and local facts make of them is in `nested`.

Nothing leaves the `azure_imds` namespace, whatever a tag or a field is called: it stands in front of every name.
"""

from __future__ import annotations

import re

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from . import records

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9]+")


def snake_case(name: str) -> str:
    """Return a name in snake_case, `""` where nothing is left of it: `diskSizeGB` → `disk_size_gb`."""
    return _NOT_A_NAME.sub("_", _WORD_START.sub("_", name)).strip("_").lower()


def spell_ansible(facts: records.JsonObject, *, reporter: errors.Reporter) -> records.JsonObject:
    """Return the Ansible facts: every name begins with `azure_imds_`, tags come as a mapping and flat."""
    spelled: records.JsonObject = {"azure_imds_available": True}
    for category, content in facts.items():
        prefix = f"azure_imds_{snake_case(category)}"
        if category == "cloud":
            spelled[prefix] = content
            continue
        if category == "tags":
            spelled[prefix] = content
            flat = _unite(
                ((snake_case(name), name, value) for name, value in content.items() if name), "tag ", reporter
            )
        else:
            flat = flatten(content, f"{category}.", reporter)
        spelled.update({f"{prefix}_{name}": value for name, value in flat.items()})
    return spelled


def flatten(content: records.JsonObject, where: str, reporter: errors.Reporter) -> records.JsonObject:
    """Join the names of nested objects with `_`; lists stay lists, and an empty object leaves nothing."""
    return _unite(_leaves(content, "", "", where, reporter), where, reporter)


def _leaves(
    content: records.JsonObject, prefix: str, path: str, where: str, reporter: errors.Reporter
) -> Iterator[tuple[str, str, Any]]:
    """Yield (flat name, path in IMDS's spelling, value) for every leaf."""
    for key, value in content.items():
        part = snake_case(key)
        # The name of a field with nothing left of it stays empty, whatever it stands in.
        name = f"{prefix}_{part}" if prefix and part else part
        if isinstance(value, dict):
            if part:
                yield from _leaves(value, name, f"{path}{key}.", where, reporter)
            elif value:
                yield "", f"{path}{key}", value
        else:
            yield name, f"{path}{key}", _respell(value, f"{where}{path}{key}", reporter)


def _respell(value: Any, where: str, reporter: errors.Reporter) -> Any:
    """Re-spell the keys of objects inside a list, and nothing else of them."""
    if isinstance(value, list):
        return [_respell(item, f"{where}[{index}]", reporter) for index, item in enumerate(value)]
    if isinstance(value, dict):
        spelled = ((snake_case(key), key, _respell(item, f"{where}.{key}", reporter)) for key, item in value.items())
        return _unite(spelled, f"{where}.", reporter)
    return value


def _unite(named: Iterable[tuple[str, str, Any]], where: str, reporter: errors.Reporter) -> records.JsonObject:
    """Make a mapping of (name, path, value), leaving out all that meet in one name and what has no name left.

    To let the last one win would make a fact depend on the order of keys, which no one promises.
    """
    values: records.JsonObject = {}
    paths: dict[str, list[str]] = {}
    for name, path, value in named:
        paths.setdefault(name, []).append(path)
        values[name] = value
    for path in paths.pop("", ()):
        reporter.warn(
            f"{where}{errors.printable(path, most=120)} is left out: nothing is left of its name in snake_case."
        )
    for name, met in paths.items():
        if len(met) > 1:
            told = ", ".join(where + errors.printable(path, most=120) for path in sorted(met))
            reporter.warn(f"{told} are left out: all of them are {name} in snake_case.")
    return {name: values[name] for name, met in paths.items() if len(met) == 1}
