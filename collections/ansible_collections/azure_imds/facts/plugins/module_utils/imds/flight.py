# SPDX-License-Identifier: Apache-2.0
"""Single flight: across processes one asks while the others wait for what it brings."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from .cache import Cache, Key
    from .clock import Clock, Deadline

    T = TypeVar("T")

_FIRST_POLL_S = 0.005
_LONGEST_POLL_S = 0.1


class Turn:
    """The right to ask for one key, as a lock that the kernel releases with its holder, however that ends."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def take(self) -> bool:
        """Return whether it is ours now. Without a lock everybody has the right."""
        if self._descriptor is None:
            return True
        import fcntl  # noqa: PLC0415  absent where there are no such locks, and then there is no descriptor either

        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def end(self) -> None:
        """Give it to the next."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def wait_for_turn(
    cache: Cache, key: Key, *, look: Callable[[], T | None], deadline: Deadline, clock: Clock
) -> tuple[Turn | None, T | None]:
    """Wait until `look` finds what another process brought, or the turn to ask is ours, or the deadline passes.

    Returns the turn, or what was found, or neither. Having got the turn it looks once more: the last holder may have
    brought it in between.
    """
    descriptor = cache.open_lock(key)
    turn = Turn(descriptor)
    poll_s = _FIRST_POLL_S
    while True:
        is_ours = turn.take()
        found = look()
        if is_ours and found is None:
            return turn, None
        if found is not None or deadline.remaining <= 0:
            turn.end()
            return None, found
        clock.sleep(min(poll_s * (0.5 + clock.random()), deadline.remaining))
        poll_s = min(2 * poll_s, _LONGEST_POLL_S)
