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

    # Where a value stands, in IMDS's spelling and in parts: joined only for a warning, since a part can be long.
    Place = tuple[str, ...]

_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_NOT_A_NAME = re.compile(r"[^A-Za-z0-9]+")
# A document is of 1 MiB at the most, but a long name over many leaves stands in the name of each.
_MOST_OF_NAMES = 4 << 20
_MOST_WARNINGS = 20
# A tag's name has up to 512 characters.
_LONGEST_PLACE = 600


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
            spelled[prefix] = name_tags(content, reporter)
            # A name with nothing in it gets no flat fact, and that is no surprise.
            flat = flatten({name: value for name, value in content.items() if name}, "tag", reporter)
        else:
            flat = flatten(content, category, reporter)
        spelled.update({f"{prefix}_{name}": value for name, value in flat.items()})
    return spelled


def name_tags(tags: records.JsonObject, reporter: errors.Reporter) -> records.JsonObject:
    """Return the mapping of tags without names that Ansible takes for its own marks in JSON.

    An object with `__ansible_type`, `__ansible_vault` or `__ansible_unsafe` in it is no mapping to Ansible, which then
    replaces it or, since 2.19, fails the task: that of `setup` as well, where local facts hold one.
    """
    marks = [name for name in tags if name.startswith("__ansible_")]
    if marks:
        told = errors.printable(", ".join(marks), most=_LONGEST_PLACE)
        reporter.warn(f"{told} left out of the mapping of tags: to Ansible that is a mark of its own.")
    return {name: value for name, value in tags.items() if name not in marks}


def flatten(content: records.JsonObject, category: str, reporter: errors.Reporter) -> records.JsonObject:
    """Join the names of nested objects with `_`; lists stay lists, and an empty object leaves nothing."""
    omissions: list[str] = []
    flat = _unite(_leaves(content, "", (category,), omissions), omissions)
    for omission in omissions:
        reporter.warn(omission)
    return flat


def _omit(omissions: list[str], places: list[Place], reason: str) -> None:
    """Note that something is left out, one by one up to a few: a document can hold any number of them."""
    if len(omissions) < _MOST_WARNINGS:
        named = sorted(errors.printable("".join(place), most=_LONGEST_PLACE) for place in places[:_MOST_WARNINGS])
        omissions.append(f"{', '.join(named)} left out: {reason}.")
    elif len(omissions) == _MOST_WARNINGS:
        omissions.append("More is left out in the same way, and not told one by one.")


def _leaves(
    content: records.JsonObject, prefix: str, place: Place, omissions: list[str]
) -> Iterator[tuple[str, Place, Any]]:
    """Yield (flat name, place, value) for every leaf."""
    for key, value in content.items():
        part = snake_case(key)
        # The name of a field with nothing left of it stays empty, whatever it stands in.
        name = f"{prefix}_{part}" if prefix and part else part
        here = (*place, f".{key}")
        if isinstance(value, dict):
            if part:
                yield from _leaves(value, name, here, omissions)
            elif value:
                yield "", here, value
        else:
            yield name, here, _respell(value, here, omissions)


def _respell(value: Any, place: Place, omissions: list[str]) -> Any:
    """Re-spell the keys of objects inside a list, and nothing else of them."""
    if isinstance(value, list):
        return [_respell(item, (*place, f"[{index}]"), omissions) for index, item in enumerate(value)]
    if isinstance(value, dict):
        placed = ((key, (*place, f".{key}"), item) for key, item in value.items())
        spelled = ((snake_case(key), here, _respell(item, here, omissions)) for key, here, item in placed)
        return _unite(spelled, omissions)
    return value


def _unite(named: Iterable[tuple[str, Place, Any]], omissions: list[str]) -> records.JsonObject:
    """Make a mapping of (name, place, value), leaving out all that meet in one name and what has no name left.

    To let the last one win would make a fact depend on the order of keys, which no one promises.
    """
    values: records.JsonObject = {}
    places: dict[str, list[Place]] = {}
    length = 0
    for name, place, value in named:
        length += len(name)
        if length > _MOST_OF_NAMES:
            _omit(omissions, [place, ("all that follows",)], "the names before them take over 4 MiB")
            break
        places.setdefault(name, []).append(place)
        values[name] = value
    for place in places.pop("", ()):
        _omit(omissions, [place], "nothing is left of its name in snake_case")
    for name, met in places.items():
        if len(met) > 1:
            _omit(omissions, met, f"all of them are {name[:_LONGEST_PLACE]} in snake_case")
    return {name: values[name] for name, met in places.items() if len(met) == 1}
