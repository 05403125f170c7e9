# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a sandbox: serves IMDS for it, forwards signals, and returns its exit code."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Sequence
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from .dmi import build_dmi_files, build_foreign_dmi_files
from .namespaces import AGENT_STATUS, start_sandbox
from .redirect import Redirect, open_redirect
from .run_folder import open_run_folder

if TYPE_CHECKING:
    from azure_imds_facts.emulator.endpoints.proxy_agent import ProxyAgent

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
    """Serves IMDS on listening sockets, in threads that start with `start()`."""

    def start(self, *listeners: socket.socket) -> None:
        """Accept connections on listening sockets."""

    def close(self) -> None:
        """Close the sockets and every connection."""


def run_command(
    command: Sequence[str], *, server: Server, vm_id: str, platform: str = "vm", agent: ProxyAgent | None = None
) -> int:
    """Run a command for which 169.254.169.254 is the server; return its exit code, or 128 + n for signal n.

    The command alone uses the standard streams. `vm_id` is the product UUID in DMI. With the `platform` `arc` the
    server is that of Azure Arc's agent instead, and DMI is another's. With an `agent`, which only root can have, its
    connections end there.

    Raises:
        EmulatorError: namespaces are not permitted, or the command cannot be run.
    """
    # Blocked before the fork and before threads start, so that no signal is lost and sigwaitinfo() receives all.
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED_SIGNALS | {signal.SIGCHLD})
    try:
        # The cache of this machine must not receive facts of an emulated one, nor must a later emulator's.
        with ExitStack() as stack:
            redirect = stack.enter_context(open_redirect()) if agent else None
            cache = stack.enter_context(open_run_folder())
            stack.enter_context(closing(server))
            environment = {**os.environ, "AZURE_IMDS_CACHE_DIR": cache}
            environment.pop("AZURE_IMDS_ENDPOINT", None)  # the command uses the real address
            sandbox = start_sandbox(
                command,
                environment=environment,
                dmi_files=build_dmi_files(vm_id) if platform == "vm" else build_foreign_dmi_files(),
                platform=platform,
                with_agent=agent is not None,
                signal_mask={signal.Signals(number) for number in previous},
            )
            server.start(*sandbox.listeners)
            if agent and redirect:
                redirect.add(sandbox.pid)
                agent.follow(partial(_follow, agent, redirect, sandbox.pid))
            sandbox.release()
            return _wait(sandbox.pid)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def _follow(agent: ProxyAgent, redirect: Redirect, pid: int, is_redirecting: bool) -> None:  # noqa: FBT001 - a listener
    """Redirect or not, and write the agent's status as the agent does once it is provisioned."""
    redirect.switch(is_redirecting)
    if is_redirecting:
        status = Path(f"/proc/{pid}/root{AGENT_STATUS}")
        with suppress(OSError):  # the command has ended meanwhile
            status.write_text(agent.describe_status(), encoding="utf-8")
            status.chmod(0o640)


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
