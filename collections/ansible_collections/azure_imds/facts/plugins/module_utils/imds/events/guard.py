# SPDX-License-Identifier: Apache-2.0
"""A guard beside each command: a process that ends the command, and all that it started, when the watch has gone.

A signal such as SIGKILL ends a watch without a word. The guard holds one end of a socket whose other end only the watch
has, so that its end shows, whatever the reason. It is a child of the watch without a program of its own: there may be
no file to start one from, and no memory for another interpreter.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import subprocess

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

# Of <linux/prctl.h>.
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# Words on the socket. From the watch:
END, KILL = b"e", b"k"
# Processes that run as another user by now cannot be killed, and are not waited for any longer.
_KILLING_S = 5.0
_STEP_S = 0.05
# What would end a process by default. A guard outlives it; a command gets it as ever.
_SIGNALS = ("SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGCHLD")


class Guard:
    """The guard's side. It says 0 or the number of an error on a line, and later the exit code on another."""

    def __init__(self, channel: socket.socket, kept: Sequence[int]) -> None:
        self._channel = channel
        os.setsid()
        self._wake, wake = os.pipe()
        for end in (self._wake, wake):
            os.set_blocking(end, False)
        for name in _SIGNALS:
            signal.signal(getattr(signal, name), _ignore)  # a handler, for the command would inherit SIG_IGN
        signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        _close_others({2, channel.fileno(), self._wake, wake, *kept})
        self._prctl = _find_prctl()
        # Orphans of the command become children of the guard, those in sessions of their own too.
        self._is_subreaper = self._prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self._command = 0
        self._is_asked = False
        self._killing_s = 0.0
        self._code: int | None = None

    def run(self, line: Sequence[str], given: int, environment: Mapping[str, str]) -> None:
        """Start the command, and stay until it has ended."""
        try:
            process = subprocess.Popen(
                line,
                stdin=given,
                stdout=2,
                env=environment,
                start_new_session=True,
                preexec_fn=lambda: self._prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # noqa: PLW1509  no threads
            )
        except (OSError, subprocess.SubprocessError) as error:
            self._channel.sendall(b"%d\n" % (getattr(error, "errno", None) or errno.EAGAIN))
            return
        os.close(given)
        self._command, process.returncode = process.pid, 0  # its end is reaped here, not there
        self._channel.sendall(b"0\n")
        self._stay()
        with contextlib.suppress(OSError):  # the watch has gone
            self._channel.sendall(b"%d\n" % (-signal.SIGKILL if self._code is None else self._code))

    def _stay(self) -> None:
        """Return once the command has ended, after a request to end with all that it started."""
        while True:
            self._listen()
            if self._killing_s:
                self._killing_s += _STEP_S
                self._signal_all(signal.SIGKILL)
            is_left = self._reap()
            is_awaited = is_left and (self._is_asked or self._killing_s > 0)
            if (self._code is not None and not is_awaited) or self._killing_s > _KILLING_S:
                return

    def _listen(self) -> None:
        """Wait for the watch's word, its end, or that of a process. While killing, look again in a moment."""
        watched = [self._channel.fileno(), self._wake]
        ready = select.select(watched, [], [], _STEP_S if self._killing_s else None)[0]
        if self._wake in ready:
            os.read(self._wake, 4096)
        if watched[0] in ready and not self._killing_s:
            said = self._channel.recv(64)
            if KILL in said or not said:
                self._killing_s = _STEP_S
            elif not self._is_asked:
                self._is_asked = True
                self._signal_all(signal.SIGTERM)

    def _reap(self) -> bool:
        """Reap what has ended; return whether anything is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return not self._is_subreaper and _is_group(self._command)
            if not pid:
                return True
            if pid == self._command:
                self._code = -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def _signal_all(self, number: int) -> None:
        """Signal all that the command started: its group, and with /proc those that left it."""
        listed = _list_descendants(os.getpid())
        if not listed and self._code is None:
            with contextlib.suppress(OSError):
                os.killpg(self._command, number)
        for pid in listed:
            with contextlib.suppress(OSError):  # ended, or another user's by now
                os.kill(pid, number)


def _ignore(_number: int, _frame: object) -> None:
    """Do nothing."""


def _close_others(kept: set[int]) -> None:
    """Close what the watch has open: its other guards' sockets above all."""
    try:
        opened = [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        opened = list(range(1024))
    for descriptor in set(opened) - kept - {0, 1}:
        with contextlib.suppress(OSError):
            os.close(descriptor)


def _find_prctl() -> Callable[[int, int], bool]:
    """Return a function that calls Linux's prctl and says whether it did what was asked."""
    try:
        import ctypes  # noqa: PLC0415  the watch itself needs none of it

        function = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return lambda _option, _value: False
    return lambda option, value: function(option, value, 0, 0, 0) == 0


def _is_group(group: int) -> bool:
    """Return whether a process group has a member that can be signalled."""
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def _list_descendants(root: int) -> list[int]:
    """Return all processes below one, from /proc; `[]` without it."""
    children: dict[int, list[int]] = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                    # After the name in brackets, which may hold anything: state, parent.
                    parent = int(file.read().rpartition(b")")[2].split()[1])
                    children.setdefault(parent, []).append(int(name))
    found = list(children.get(root, []))
    for pid in found:
        found += children.get(pid, [])  # the list grows while it is gone through
    return found
