# SPDX-License-Identifier: Apache-2.0
"""A whole watch as a program runs it: the command line's `events --watch`, and the role's single file."""

from __future__ import annotations

from .. import errors
from ..clock import Clock
from ..collector import open_transport
from ..host import choose_host
from ..reporter import Reporter
from ..vm_only import require_azure
from .approvals import Approvals
from .client import SWITCH_ON_S, EventClient
from .dry_run import DryRunner
from .first_call import warn_of_first_call
from .locked_state import LockedState, PassingError
from .loop import WatchLoop
from .messages import unblocked_messages
from .metrics import Metrics
from .output import Output
from .runner import Hooks
from .runs import Runs
from .shell_runner import ShellRunner
from .signals import Signals, Stopped
from .socket_runner import SocketRunner
from .state import StateFile
from .state_path import find_state
from .vm_name import wait_for_name
from .watch import Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..reporter import Reporter
    from ..settings import Settings
    from .runner import Runner
    from .watch_options import WatchOptions


def run_watch(options: WatchOptions, settings: Settings, reporter: Reporter, *, output: int | None = 1) -> int:
    """Watch until SIGTERM or Ctrl-C; return 0. `output`: the descriptor that changes are printed to, None: closed.

    Raises the ImdsError of the outcome where the watch cannot begin, BrokenPipeError where nobody reads any more.
    """
    require_azure(settings, choose_host())
    client = EventClient(
        settings.endpoint,
        open_transport,
        api_version=options.events_version,
        timeout_s=SWITCH_ON_S,
        reporter=reporter,
        spacing_s=1.0,
    )
    signals = Signals()
    try:
        with unblocked_messages():
            _Program(options, reporter, signals).run(client, settings, output)
    except Stopped:
        pass
    except MemoryError:
        raise PassingError("There is no memory for a watch.", hint="It may be started again.") from None
    finally:
        client.close()
    return 0


class _Program:
    """One watch, put together as its options say."""

    def __init__(self, options: WatchOptions, reporter: Reporter, signals: Signals) -> None:
        self._options = options
        self._reporter = reporter
        self._signals = signals
        self._clock = Clock()

    def run(self, client: EventClient, settings: Settings, output: int | None) -> None:
        """Watch. May raise Stopped."""
        options, clock, reporter, signals = self._options, self._clock, self._reporter, self._signals
        is_acting = options.has_command or options.metrics_path is not None
        if output is None and not is_acting:
            raise errors.UsageError("Standard output is closed.", hint="Leave it open, or send it to a file.")
        metrics = self._open_metrics()
        state = self._open_state()
        warn_of_first_call(settings, reporter)
        name = None if options.is_all else options.vm_name or wait_for_name(settings, signals, reporter)
        watch = Watch(client, vm_name=name, clock=clock, reporter=reporter)
        runs = Runs()
        self._restore(watch, runs, state, name)
        WatchLoop(
            watch,
            policy=options.policy,
            approvals=Approvals(watch, policy=options.policy, vm_name=name, clock=clock, reporter=reporter),
            runs=runs,
            signals=signals,
            clock=clock,
            reporter=reporter,
            output=Output(output, reporter=reporter, is_needed=not is_acting),
            hooks=self._build_hooks(watch, state),
            state=state,
            metrics=metrics,
        ).run()

    def _open_metrics(self) -> Metrics | None:
        path = self._options.metrics_path
        if path is None or self._options.policy.is_dry_run:
            return None
        try:
            return Metrics(path, clock=self._clock, reporter=self._reporter)
        except OSError as error:
            raise errors.UsageError(
                f"The folder of the metrics cannot be used: {path}: {error.strerror or error}.",
                hint="Name a file in a folder (not a link to one) that is there, with --metrics.",
            ) from None

    def _open_state(self) -> LockedState | None:
        given = self._options.state_path
        if (given is None and not self._options.has_command) or self._options.policy.is_dry_run:
            return None

        def sleep(seconds: float) -> None:
            self._signals.sleep(seconds)
            if self._signals.is_stopped:
                raise Stopped

        return LockedState(find_state(given), reporter=self._reporter, is_default=given is None, sleep=sleep)

    def _restore(self, watch: Watch, runs: Runs, state: LockedState | None, name: str | None) -> None:
        stored = self._read_untouched() if state is None else state.read()
        if watch.restore(stored):
            self._reporter.notice("Continuing from the stored state.")
            runs.restore(stored)
        elif state is not None and isinstance(stored, dict):
            if stored.get("vmName" if "vmName" in stored else "vm_name") == name:
                state.begin_anew()
            else:
                self._reporter.notice("The stored state is another VM's; it is replaced.")

    def _read_untouched(self) -> object:
        """Return the state for a dry run, which neither locks nor writes it; None where there is none to be read."""
        given = self._options.state_path
        if given is None and not self._options.has_command:
            return None
        try:
            file = StateFile(find_state(given))
        except OSError:
            return None
        try:
            return file.inspect().state
        except OSError:
            return None
        finally:
            file.close()

    def _build_hooks(self, watch: Watch, state: LockedState | None) -> Hooks | None:
        options = self._options
        runner: Runner
        if options.has_command and options.policy.is_dry_run:
            runner = DryRunner(self._reporter)
        elif options.hand_over is not None:
            runner = SocketRunner(options.hand_over, clock=self._clock)
        elif options.command is not None:
            runner = ShellRunner(options.command, kept=() if state is None else (state.lock,))
        else:
            return None
        return Hooks(
            runner,
            spell=watch.spell,
            timeout_s=options.command_timeout_s,
            clock=self._clock,
            reporter=self._reporter,
            displace=watch.take_back,
        )
