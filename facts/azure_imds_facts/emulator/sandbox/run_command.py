# SPDX-License-Identifier: Apache-2.0
"""Run a command at the real address: serve it, hand signals on, end as it ends."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Sequence

from azure_imds_facts.emulator.assembly import Assembly
from azure_imds_facts.emulator.background import Background

from .dmi import describe_dmi
from .namespaces import start_sandbox

__all__ = ["run_around"]

_HANDED_ON = {
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGWINCH,
    signal.SIGALRM,
}
_SIGNALLED = 128


def run_around(assembly: Assembly, command: Sequence[str], *, log: Callable[[str], None] | None) -> int:
    """Run a command where 169.254.169.254 is an emulator; return its exit code, or 128 + n for signal n.

    Standard streams are the command's alone.

    Raises:
        EmulatorError: namespaces are not permitted, or the command cannot be run.
    """
    # Blocked before the fork and before there are threads, so that none is lost and sigwaitinfo() gets all.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDED_ON | {signal.SIGCHLD})
    try:
        vm_id = str(assembly.machine.compute.get("vmId") or "")
        # Facts of an emulated machine must not get into the cache of the real one, nor into the next emulator's.
        with tempfile.TemporaryDirectory(prefix="azure-imds-facts-") as cache, Background(assembly, log=log) as server:
            environment = {**os.environ, "AZURE_IMDS_CACHE_DIR": cache}
            environment.pop("AZURE_IMDS_ENDPOINT", None)  # the command is to ask the real address
            mask = {signal.Signals(number) for number in before}
            sandbox = start_sandbox(command, environment=environment, dmi=describe_dmi(vm_id), mask=mask)
            server.start(sandbox.listener)
            sandbox.release()
            return _wait(sandbox.pid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _wait(pid: int) -> int:
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _SIGNALLED - code
        caught = signal.sigwaitinfo(_HANDED_ON | {signal.SIGCHLD})
        # What the kernel sends on a terminal's behalf reaches the command by itself: the two share a process group.
        if caught.si_signo != signal.SIGCHLD and caught.si_code <= 0:
            os.kill(pid, caught.si_signo)
