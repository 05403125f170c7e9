# SPDX-License-Identifier: Apache-2.0
"""The name of this VM, without which a watch cannot tell whose events it is told, waited for as long as it takes."""

from __future__ import annotations

from .. import errors
from ..collector import open_transport
from ..reporter import Reporter
from .watch import fetch_vm_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..settings import Settings
    from .signals import Signals


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


def wait_for_name(settings: Settings, signals: Signals, reporter: Reporter) -> str:
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
