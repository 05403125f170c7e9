# SPDX-License-Identifier: Apache-2.0
"""A whole watch on Windows: it prints each change and approves, and runs no command.

A command would have to end with the watch, whatever ends that; nothing here was tried that ends it on Windows. What was
told before is not stored either, for that takes the directories of safe_files.
"""

from __future__ import annotations

from .. import errors
from ..clock import Clock
from ..collector import open_transport
from ..events.approvals import Approvals
from ..events.client import SWITCH_ON_S, EventClient
from ..events.first_call import warn_of_first_call
from ..events.loop import WatchLoop
from ..events.runs import Runs
from ..events.signals import Stopped
from ..events.vm_name import wait_for_name
from ..events.watch import Watch
from ..host import choose_host
from ..vm_only import require_azure
from .output import WindowsOutput
from .signals import WindowsSignals

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..events.watch_options import WatchOptions
    from ..reporter import Reporter
    from ..settings import Settings


def run_watch(options: WatchOptions, settings: Settings, reporter: Reporter, *, output: int | None) -> int:
    """Watch until Ctrl-C; return 0. `output`: the descriptor that changes are printed to, None: closed.

    Raises the ImdsError of the outcome where the watch cannot begin, BrokenPipeError where nobody reads any more.
    """
    require_azure(settings, choose_host())
    if output is None:
        raise errors.UsageError("Standard output is closed.", hint="Leave it open, or send it to a file.")
    client = EventClient(
        settings.endpoint,
        open_transport,
        api_version=options.events_version,
        timeout_s=SWITCH_ON_S,
        reporter=reporter,
        spacing_s=1.0,
    )
    signals, clock = WindowsSignals(), Clock()
    lines = WindowsOutput(output, reporter=reporter)
    try:
        warn_of_first_call(settings, reporter)
        name = None if options.is_all else options.vm_name or wait_for_name(settings, signals, reporter)
        watch = Watch(client, vm_name=name, clock=clock, reporter=reporter)
        WatchLoop(
            watch,
            policy=options.policy,
            approvals=Approvals(watch, policy=options.policy, vm_name=name, clock=clock, reporter=reporter),
            runs=Runs(),
            signals=signals,
            clock=clock,
            reporter=reporter,
            output=lines,
        ).run()
    except Stopped:
        pass
    finally:
        lines.close()
        client.close()
    return 0
