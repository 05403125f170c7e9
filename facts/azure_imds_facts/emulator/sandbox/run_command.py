# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a sandbox: serves IMDS for it, forwards signals, and returns its exit code."""

from __future__ import annotations

import os
import signal
import socket
import tempfile
from collections.abc import Sequence
from contextlib import closing
from typing import Protocol

from .dmi import build_dmi_files
from .namespaces import start_sandbox

__all__ = ["Server", "run_command"]

_FORWARDED_SIGNALS = {
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGALRM,
}
_SIGNAL_EXIT_BASE = 128


class Server(Protocol):
    """Serves IMDS on a listening socket, in threads that start with `start()`."""

    def start(self, listener: socket.socket) -> None:
        """Accept connections on a listening socket."""

    def close(self) -> None:
        """Close the socket and every connection."""


def run_command(command: Sequence[str], *, server: Server, vm_id: str) -> int:
    """Run a command for which 169.254.169.254 is the server; return its exit code, or 128 + n for signal n.

    The command alone uses the standard streams. `vm_id` is the product UUID in DMI.

    Raises:
        EmulatorError: namespaces are not permitted, or the command cannot be run.
    """
    # Blocked before the fork and before threads start, so that no signal is lost and sigwaitinfo() receives all.
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED_SIGNALS | {signal.SIGCHLD})
    try:
        # The cache of this machine must not receive facts of an emulated one, nor must a later emulator's.
        with tempfile.TemporaryDirectory(prefix="azure-imds-facts-") as cache, closing(server):
            environment = {**os.environ, "AZURE_IMDS_CACHE_DIR": cache}
            environment.pop("AZURE_IMDS_ENDPOINT", None)  # the command uses the real address
            sandbox = start_sandbox(
                command,
                environment=environment,
                dmi_files=build_dmi_files(vm_id),
                signal_mask={signal.Signals(number) for number in previous},
            )
            server.start(sandbox.listener)
            sandbox.release()
            return _wait(sandbox.pid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _wait(pid: int) -> int:
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _SIGNAL_EXIT_BASE - code
        caught = signal.sigwaitinfo(_FORWARDED_SIGNALS | {signal.SIGCHLD})
        # A terminal's signals reach the command directly: both are in the same process group.
        if caught.si_signo != signal.SIGCHLD and caught.si_code <= 0:
            os.kill(pid, caught.si_signo)
