# SPDX-License-Identifier: Apache-2.0
"""Spell facts as one document: the local facts file, flat in its categories, and Salt's grain in IMDS's own spelling.

Apart from `spelling`, which travels to Ansible's targets, where nobody needs this.
"""

from __future__ import annotations

from .spelling import flatten, name_tags, snake_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from . import errors


def spell_local(facts: Mapping[str, Any], *, reporter: errors.Reporter, with_age: bool) -> dict[str, Any]:
    """Return the content of the local facts file: `{"available": true, category: {flat}, …}`, tags as a mapping.

    `with_age`: with `age_seconds`, which makes sense only for whoever reads it at once.
    """
    spelled: dict[str, Any] = {"available": True}
    for category, content in facts.items():
        if category == "cloud":
            spelled[category] = content
        elif category == "tags":
            spelled[category] = name_tags(content, reporter)
        else:
            spelled[snake_case(category)] = flatten(content, category, reporter)
    if not with_age:
        del spelled["snapshot"]["age_seconds"]
    return spelled


def spell_salt(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the grain: `{"azure_imds": {category: …}}`, with `tagPairs` (`name=value`) beside `tags`.

    A key with `:` in it cannot be targeted with Salt's default delimiter; an item of a list can.
    """
    grain = dict(facts)
    if "tags" in facts:
        grain["tagPairs"] = [f"{name}={value}" for name, value in facts["tags"].items()]
    return {"azure_imds": grain}
