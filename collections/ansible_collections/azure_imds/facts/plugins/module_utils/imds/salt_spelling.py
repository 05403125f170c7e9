# SPDX-License-Identifier: Apache-2.0
"""Salt's spelling of facts: one grain, in IMDS's names."""

from __future__ import annotations

from .settings import EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def spell_salt(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the grain: `{"azure_imds": {category: …}}`, with `tagPairs` (`name=value`) beside `tags`.

    A key with `:` in it cannot be targeted with Salt's default delimiter; an item of a list can.
    """
    grain = dict(facts)
    snapshot = facts.get("snapshot", {})
    if "missing" in snapshot:
        # Salt has the category's name, the others that of the option.
        missing = [EXTRA_CATEGORIES[name].fact for name in snapshot["missing"]]
        grain["snapshot"] = {**snapshot, "missing": missing}
    if "tags" in facts:
        grain["tagPairs"] = [f"{name}={value}" for name, value in facts["tags"].items()]
    return {"azure_imds": grain}
