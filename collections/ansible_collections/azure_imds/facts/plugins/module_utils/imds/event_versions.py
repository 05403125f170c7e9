# SPDX-License-Identifier: Apache-2.0
"""The api-versions of scheduled events, which are not the instance's, and which one to ask for next."""

from __future__ import annotations

# A version that has worked is doubted only after so many refusals in a row; before, they are an outage.
_DOUBTED_AFTER = 10


class Negotiation:
    """Which version to ask for: the newest at first, older ones while they are refused, and newer ones once more.

    404 is also what IMDS says while it is not ready. What is settled on while that ends may be too old to tell of a
    Preempt, so newer versions are tried again before anything counts.
    """

    def __init__(self, versions: tuple[str, ...]) -> None:
        self._versions = versions
        self._at = 0
        self._is_settled = len(versions) == 1
        self._is_climbing = False
        self._refusals = 0

    @property
    def version(self) -> str:
        """The version to ask for."""
        return self._versions[self._at]

    def accept(self) -> bool:
        """Note that the version is known; return whether it is the one to stay with."""
        self._refusals = 0
        if not self._is_settled and self._at > 0:
            self._at -= 1
            self._is_climbing = True
            return False
        self._is_settled = True
        return True

    def refuse(self) -> bool:
        """Note that the version is refused; return whether there is another to ask for at once."""
        self._refusals += 1
        if self._is_settled:
            self._is_settled = len(self._versions) == 1 or self._refusals < _DOUBTED_AFTER
            return False
        if self._is_climbing:
            self._at += 1
            self._is_climbing, self._is_settled = False, True
            return True
        self._at = (self._at + 1) % len(self._versions)
        return self._at > 0
