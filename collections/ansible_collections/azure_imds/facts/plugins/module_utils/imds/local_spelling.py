# SPDX-License-Identifier: Apache-2.0
"""The local facts file's spelling of facts: one mapping a category, flat names in snake_case."""

from __future__ import annotations

from .spelling import flatten, name_tags, snake_case

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .reporter import Reporter


def spell_local(facts: Mapping[str, Any], *, reporter: Reporter, with_age: bool) -> dict[str, Any]:
    """Return the content of the local facts file: `{"available": true, category: {flat}, …}`, tags as a mapping.

    `with_age`: with `age_seconds`, which is right only for a reader at once.
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
