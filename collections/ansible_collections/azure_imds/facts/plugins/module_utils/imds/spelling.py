# SPDX-License-Identifier: Apache-2.0
"""Ansible's spelling of facts: flat names in snake_case, all of which begin with `azure_imds_`.

So a tag or a field, whatever its name, can never become another variable.
"""

from __future__ import annotations

import re
from functools import lru_cache

from . import records
from .reporter import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from .records import JsonObject
    from .reporter import Reporter

    # The path of a value: a category, or a path and a key or index below it. Joined only for a warning.
    Path = Any

_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[^A-Za-z0-9]+")
_MOST_WARNINGS = 20
# A tag's name has up to 512 characters.
_LONGEST_PATH = 600


@lru_cache(maxsize=2048)
def snake_case(name: str) -> str:
    """Return a name in snake_case: `diskSizeGB` → `disk_size_gb`; `""` for a name without letters and digits."""
    return _BETWEEN_WORDS.sub("_", name).strip("_").lower()


def spell_ansible(facts: JsonObject, *, reporter: Reporter) -> JsonObject:
    """Return Ansible's facts. Tags come twice, as a mapping and flat."""
    spelled: JsonObject = {"azure_imds_available": True}
    for category, content in facts.items():
        prefix = f"azure_imds_{snake_case(category)}"
        if category == "cloud":
            spelled[prefix] = content
            continue
        if category == "tags":
            spelled[prefix] = name_tags(content, reporter)
            # An empty name gets no flat fact, without a warning.
            flat = flatten({name: value for name, value in content.items() if name}, "tag", reporter)
        else:
            flat = flatten(content, category, reporter)
        for name, value in flat.items():
            spelled[f"{prefix}_{name}"] = value
    return spelled


def name_tags(tags: JsonObject, reporter: Reporter) -> JsonObject:
    """Return the mapping of tags without names that Ansible takes for its own marks in JSON.

    Ansible replaces an object with `__ansible_type`, `__ansible_vault` or `__ansible_unsafe` in it or, since 2.19,
    fails the task, that of `setup` for local facts included.
    """
    marks = [name for name in tags if name.startswith("__ansible_")]
    if marks:
        shown = printable(", ".join(marks), most=_LONGEST_PATH)
        reporter.warn(f"{shown} left out of the mapping of tags: to Ansible that is a mark of its own.")
    return {name: value for name, value in tags.items() if not name.startswith("__ansible_")}


def flatten(content: JsonObject, category: str, reporter: Reporter) -> JsonObject:
    """Return a category with the names of nested objects joined by `_`; lists stay lists, empty objects vanish."""
    omissions: list[str] = []

    def spell(fields: JsonObject, path: Path) -> JsonObject:
        if [*map(snake_case, fields)] == [*fields] and "" not in fields:
            return fields
        return _drop_collisions(((snake_case(key), (path, key), item) for key, item in fields.items()), omissions)

    flat = _drop_collisions(_leaves(content, "", category, spell), omissions)
    for omission in omissions:
        reporter.warn(omission)
    return flat


def _omit(omissions: list[str], paths: list[Path], reason: str) -> None:
    """Add a message about what is left out, up to a number: a document can hold any number of them."""
    if len(omissions) < _MOST_WARNINGS:
        named = sorted(printable(_join(path), most=_LONGEST_PATH) for path in paths[:_MOST_WARNINGS])
        omissions.append(f"{', '.join(named)} left out: {reason}.")
    elif len(omissions) == _MOST_WARNINGS:
        omissions.append("More is left out in the same way.")


def _join(path: Path) -> str:
    if isinstance(path, str):
        return path
    above, part = path
    return _join(above) + (f"[{part}]" if isinstance(part, int) else f".{part}")


def _leaves(content: JsonObject, prefix: str, path: Path, spell: Any) -> Iterator[tuple[str, Path, Any]]:
    """Yield (flat name, path, value) of each leaf; `spell` changes the objects in lists."""
    for key, value in content.items():
        part = snake_case(key)
        # A name without letters and digits stays empty, in any object.
        name = f"{prefix}_{part}" if prefix and part else part
        here = (path, key)
        if isinstance(value, dict):
            if part:
                yield from _leaves(value, name, here, spell)
            elif value:
                yield "", here, value
        else:
            yield name, here, records.rebuild(value, spell, here) if isinstance(value, list) else value


def _drop_collisions(named: Iterable[tuple[str, Path, Any]], omissions: list[str]) -> JsonObject:
    """Return a mapping of (name, path, value) without all that share a name and without empty names.

    To let the last one win would make a fact depend on the order of keys, which IMDS does not promise.
    """
    values: JsonObject = {}
    paths: JsonObject = {}
    met: JsonObject = {}
    for name, path, value in named:
        if name in paths or not name:
            met.setdefault(name, [paths[name]] if name else []).append(path)
        values[name] = value
        paths[name] = path
    for name, alike in met.items():
        del values[name]
        if name:
            _omit(omissions, alike, f"all of them are {name[:_LONGEST_PATH]} in snake_case")
        else:
            for path in alike:
                _omit(omissions, [path], "its name has no letter or digit")
    return values
