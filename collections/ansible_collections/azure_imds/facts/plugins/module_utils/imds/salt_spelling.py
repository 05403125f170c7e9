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


# What of `snapshot` says how far the values can be relied on: as much as there is of it where few values are wanted.
_ESSENTIAL = ("source", "partial", "missing")


def spell_salt(
    facts: Mapping[str, Any], *, is_grain: bool = True, gather: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the grain: `{"azure_imds": {category: …}}`, with `tagPairs` (`name=value`) beside `tags`.

    A key with `:` in it cannot be targeted with Salt's default delimiter; an item of a list can. The grain of a VM that
    stays the same stays the same: how old it is, and whether it came from the cache, are told without `is_grain` alone.
    Where `gather` (`settings.Settings.gather`) chooses values rather than a category, a grain tells no more of
    `snapshot` than `_ESSENTIAL`: the rest would outweigh ten values.
    """
    grain = dict(facts)
    snapshot = dict(facts.get("snapshot", {}))
    if "missing" in snapshot:
        # Salt has the category's name, the others that of the option.
        snapshot["missing"] = [EXTRA_CATEGORIES[name].fact for name in snapshot["missing"]]
    if is_grain:
        left_out = {*snapshot}.difference(_ESSENTIAL) if _are_values(gather or {}) else _VOLATILE
        snapshot = {name: value for name, value in snapshot.items() if name not in left_out}
        if snapshot.get("source") == "cache":
            snapshot["source"] = "imds"
    if "snapshot" in facts:
        grain["snapshot"] = snapshot
    if "tags" in facts:
        grain["tagPairs"] = [f"{name}={value}" for name, value in facts["tags"].items()]
    return {"azure_imds": grain}


def _are_values(gather: Mapping[str, Any]) -> bool:
    """Return whether something is gathered, and of each category only values that are named."""
    return bool(gather) and all(isinstance(chosen, dict) and not chosen[""] for chosen in gather.values())
