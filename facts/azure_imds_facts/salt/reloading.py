# SPDX-License-Identifier: Apache-2.0
"""The word to a minion to load its grains again, which any process on its machine may say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_DONE = "/salt/minion/minion_pillar_refresh_complete"


def load_grains_again(opts: Mapping[str, Any], *, timeout_s: float = 0.0) -> bool:
    """Have this machine's minion load its grains, past Salt's own cache of them, and send them to its masters.

    `timeout_s` above 0: return once that is done, False where it is not done in time.
    """
    import salt.utils.event  # noqa: PLC0415  a `salt-call` has not loaded it

    data = {"force_refresh": True, "clean_cache": True}
    with salt.utils.event.get_event("minion", opts=opts, listen=timeout_s > 0) as bus:
        bus.fire_event(data, "pillar_refresh")
        return not timeout_s or bool(bus.get_event(tag=_DONE, wait=timeout_s))
