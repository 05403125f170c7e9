# SPDX-License-Identifier: Apache-2.0
"""The choice of the api-version of scheduled events, which are not the instance's."""

from __future__ import annotations

from .. import versions
from ..client import Negotiation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..client import Answer

# A version that has worked is doubted only after so many refusals in a row: fewer are an outage.
_DOUBTED_AFTER = 10


class EventNegotiation(Negotiation):
    """The choice among the api-versions of scheduled events, of which the server has no list.

    The newest is asked for first, older ones while they are refused. 404 is also what IMDS answers while it is not
    ready, and the version that works when that ends may be too old to know Preempt, so newer ones are tried once more
    before a version is settled. A settled version is doubted after `_DOUBTED_AFTER` refusals in a row.
    """

    def __init__(self, pinned: str | None) -> None:
        super().__init__(list, pinned=pinned, remembered=versions.SCHEDULED_EVENTS[0])
        self._index = 0
        self._is_settled = False
        self._is_climbing = False
        self._refusals = 0

    def consider(self, answer: Answer) -> bool:
        """Note an answer; return whether to ask again at once, after one that was accepted too."""
        if answer.error is None and not self.is_pinned:
            return self._accept()
        return super().consider(answer)

    def _is_about_version(self, answer: Answer) -> bool:
        return answer.status in (400, 404)

    def _accept(self) -> bool:
        self._refusals = 0
        if not self._is_settled and self._index > 0:
            self._is_climbing = True
            self._choose(self._index - 1)
            return True
        self._is_settled = True
        return False

    def _refuse(self, answer: Answer) -> bool:  # noqa: ARG002  it holds no list
        self._refusals += 1
        if self._is_settled:
            self._is_settled = self._refusals < _DOUBTED_AFTER
            return False
        if self._is_climbing:
            self._is_climbing, self._is_settled = False, True
            self._choose(self._index + 1)
            return True
        self._choose((self._index + 1) % len(versions.SCHEDULED_EVENTS))
        return self._index > 0

    def _choose(self, index: int) -> None:
        self._index = index
        self.version = versions.SCHEDULED_EVENTS[index]
