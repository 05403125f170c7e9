# SPDX-License-Identifier: Apache-2.0
"""Salt's spelling of facts: one grain, in IMDS's names."""

from __future__ import annotations

from .settings import EXTRA_CATEGORIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


# What of `snapshot` changes from one load to the next, though nothing has changed on the VM.
_VOLATILE = ("fetchedAt", "ageSeconds")


def spell_salt(facts: Mapping[str, Any], *, is_grain: bool = True) -> dict[str, Any]:
    """Return the grain: `{"azure_imds": {category: …}}`, with `tagPairs` (`name=value`) beside `tags`.

    A key with `:` in it cannot be targeted with Salt's default delimiter; an item of a list can. The grain of a VM that
    stays the same stays the same: how old it is, and whether it came from the cache, are told without `is_grain` alone.
    """
    grain = dict(facts)
    snapshot = dict(facts.get("snapshot", {}))
    if "missing" in snapshot:
        # Salt has the category's name, the others that of the option.
        snapshot["missing"] = [EXTRA_CATEGORIES[name].fact for name in snapshot["missing"]]
    if is_grain:
        snapshot = {name: value for name, value in snapshot.items() if name not in _VOLATILE}
        if snapshot.get("source") == "cache":
            snapshot["source"] = "imds"
    if "snapshot" in facts:
        grain["snapshot"] = snapshot
    if "tags" in facts:
        grain["tagPairs"] = [f"{name}={value}" for name, value in facts["tags"].items()]
    return {"azure_imds": grain}
