# SPDX-License-Identifier: Apache-2.0
"""The first request for scheduled events, which switches the service on for the VM and takes its time."""

from __future__ import annotations

from ..cache import Cache
from ..clock import Clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..reporter import Reporter
    from ..settings import Settings

# The time when IMDS was last asked for events: the service is switched on then.
_MARK = "events.asked"
_SILENCE_S = 24 * 3600.0


def warn_of_first_call(settings: Settings, reporter: Reporter) -> None:
    """Say that the first request takes long, unless there was one within a day."""
    clock = Clock()
    cache = Cache(settings.cache_dir, clock=clock, reporter=reporter)
    try:
        since_s = clock.time() - float(cache.read_file(_MARK) or b"")
    except ValueError:
        since_s = -1.0
    if not 0 <= since_s < _SILENCE_S:
        reporter.notice("The first request switches scheduled events on for this VM, which may take up to two minutes.")
    cache.write_file(_MARK, str(int(clock.time())).encode())
