# SPDX-License-Identifier: Apache-2.0
"""A whole watch as a program runs it: the command line's `events --watch`, and the role's single file."""

from __future__ import annotations

from .. import errors, records
from ..clock import Clock
from ..collector import open_transport
from ..host import Host, require_azure
from ..reporter import Reporter
from .client import SWITCH_ON_S, EventClient
from .first_call import warn_of_first_call
from .locked_state import LockedState, find_default_state
from .loop import WatchLoop
from .output import Output
from .policy import Policy
from .runner import Hooks
from .shell_runner import ShellRunner
from .signals import Signals, Stopped
from .socket_runner import SocketRunner
from .watch import Watch, fetch_vm_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..settings import Settings
    from .runner import Runner

COMMAND_S = 600.0


@records.record
class WatchOptions:
    """What the flags of `events --watch` say, one field a flag.

    `command`: run by the shell for changes of this VM's events, None: none; `command_timeout_s` ends it. `hand_over`:
    instead of that, the Unix socket of the service that runs one. `state_path`: the state file, None: the default one
    with either, none without. `vm_name` None: asked for; `is_all`: events of
    other VMs too. `events_version`: an api-version of scheduled events.
    """

    command: str | None = None
    command_timeout_s: float = COMMAND_S
    hand_over: str | None = None
    state_path: str | None = None
    policy: Policy = Policy()
    vm_name: str | None = None
    is_all: bool = False
    events_version: str | None = None


def run_watch(options: WatchOptions, settings: Settings, reporter: Reporter, *, output: int | None = 1) -> int:
    """Watch until SIGTERM or Ctrl-C; return 0. `output`: the descriptor that changes are printed to.

    Raises the ImdsError of the outcome where the watch cannot begin, BrokenPipeError where nobody reads any more.
    """
    clock = Clock()
    require_azure(settings, Host())
    client = EventClient(
        settings.endpoint,
        open_transport,
        api_version=options.events_version,
        timeout_s=SWITCH_ON_S,
        reporter=reporter,
        spacing_s=1.0,
    )
    signals = Signals()
    runner = _build_runner(options, clock)
    path = options.state_path or (find_default_state() if runner else None)
    state = LockedState(path) if path else None
    warn_of_first_call(settings, reporter)
    try:
        name = None if options.is_all else options.vm_name or _wait_for_name(settings, signals, reporter)
        watch = Watch(client, vm_name=name, clock=clock, reporter=reporter)
        hooks = None
        if runner:
            hooks = Hooks(
                runner, spell=watch.spell, timeout_s=options.command_timeout_s, clock=clock, reporter=reporter
            )
        WatchLoop(
            watch,
            policy=options.policy,
            signals=signals,
            clock=clock,
            reporter=reporter,
            output=Output(output, reporter=reporter, is_needed=hooks is None),
            hooks=hooks,
            state=state,
        ).run()
    except Stopped:
        pass
    finally:
        client.close()
    return 0


def _build_runner(options: WatchOptions, clock: Clock) -> Runner | None:
    if options.hand_over:
        return SocketRunner(options.hand_over, clock=clock)
    return ShellRunner(options.command) if options.command else None


class _RepeatingReporter(Reporter):
    """A reporter for what is tried again and again: each warning once, and failures only where every detail is wanted.

    The caller that tries again reports a failure, once as long as it stays the same.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._warned: set[str] = set()

    def warn(self, message: str) -> None:
        """Report a warning that is a new one."""
        if message not in self._warned:
            self._warned.add(message)
            self._reporter.warn(message)

    def notice(self, message: str) -> None:
        """Report a failure of one try as a detail."""
        self._reporter.attempt(message)

    def attempt(self, message: str) -> None:
        """Report one request."""
        self._reporter.attempt(message)


def _wait_for_name(settings: Settings, signals: Signals, reporter: Reporter) -> str:
    """Return this VM's name once IMDS answers. Raises the ImdsError of an outcome that does not pass, and Stopped."""
    reported, repeating = "", _RepeatingReporter(reporter)
    while True:
        try:
            with signals:
                name = fetch_vm_name(settings, open_transport=open_transport, reporter=repeating)
        except errors.TRANSIENT as error:
            if error.outcome != reported:
                reported = error.outcome
                reporter.notice(f"{error} Asking for this VM's name again, until IMDS answers.")
            signals.sleep(1.0)
        else:
            if reported:
                reporter.notice("This VM's name is known now; watching begins.")
            return name
