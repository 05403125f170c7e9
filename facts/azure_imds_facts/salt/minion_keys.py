# SPDX-License-Identifier: Apache-2.0
"""The keys of minions on their master, by id: where Salt has them, and with Salt's own way of accepting one."""

from __future__ import annotations

import os
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

ACCEPTED, PENDING = "accepted", "pending"
# Salt's folders; up to 3007 there are no other places.
_FOLDERS = {ACCEPTED: "minions", PENDING: "minions_pre"}
# A stricter rule than Salt's: no character that means something in a path or a pattern.
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
_MOST_BYTES = 16 * 1024


def is_minion_id(text: object) -> bool:
    """Return whether a text can be a minion's id here."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


class MinionKeys:
    """The keys that a master has, by its options."""

    def __init__(self, opts: Mapping[str, Any]) -> None:
        self._opts = opts

    def read(self, minion_id: str) -> tuple[str, str]:
        """Return the state of a minion's key, `accepted`, `pending` or `""`, and the key in PEM."""
        if not is_minion_id(minion_id):
            return "", ""
        if self._opts.get("keys.cache_driver"):
            return self._read_cached(minion_id)
        for state, folder in _FOLDERS.items():
            try:
                with open(os.path.join(str(self._opts["pki_dir"]), folder, minion_id), encoding="ascii") as file:
                    return state, file.read(_MOST_BYTES)
            except (OSError, ValueError):
                continue
        return "", ""

    def accept(self, minion_id: str) -> None:
        """Accept a pending key."""
        import salt.key  # noqa: PLC0415  it is there on a master alone

        with salt.key.get_key(self._opts) as keys:
            keys.accept(match_dict={_FOLDERS[PENDING]: [minion_id]})

    def reject(self, minion_id: str) -> None:
        """Reject a key that was accepted."""
        import salt.key  # noqa: PLC0415  as above

        with salt.key.get_key(self._opts) as keys:
            keys.reject(match_dict={_FOLDERS[ACCEPTED]: [minion_id]}, include_accepted=True)

    def _read_cached(self, minion_id: str) -> tuple[str, str]:
        """Read a key as Salt 3008 has it, which may be elsewhere than in files."""
        import salt.cache  # noqa: PLC0415  as above

        entry = salt.cache.Cache(self._opts, driver=self._opts["keys.cache_driver"]).fetch("keys", minion_id)
        state = entry.get("state") if isinstance(entry, dict) else ""
        return (str(state), str(entry.get("pub", ""))) if state in _FOLDERS else ("", "")
