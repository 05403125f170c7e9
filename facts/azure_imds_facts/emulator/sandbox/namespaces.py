# SPDX-License-Identifier: Apache-2.0
"""A command in namespaces of its own, where 169.254.169.254 is ours and nothing else can be reached.

The child makes the namespaces, listens at the address inside, and passes the listening socket to the parent. A
socket stays in the namespace in which it was made, so the parent serves it from outside, untouched itself.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from azure_imds_facts.emulator.errors import EmulatorError, NamespaceError
from azure_imds_facts.emulator.http.listener import ADDRESS, PORT

from .dmi import lay_dmi_over
from .syscalls import (
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUSER,
    MS_PRIVATE,
    MS_REC,
    die_with_parent,
    mount,
    unshare,
)

__all__ = ["Sandbox", "start_sandbox"]

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_IFF_UP = 1
# The exit codes of a shell for a command that is not there, or cannot be run.
_NOT_FOUND, _NOT_RUNNABLE = 127, 126
_ADVICE = (
    "run `azure-imds-facts emulate` by itself and the command with AZURE_IMDS_ENDPOINT set to the address it prints"
)


@dataclass(frozen=True)
class Sandbox:
    """A child that waits to run its command: its process, our end of the channel to it, and where it listens."""

    pid: int
    channel: socket.socket
    listener: socket.socket

    def release(self) -> None:
        """Let the command begin.

        Raises:
            EmulatorError: it could not be run; ends with the code that a shell would end with.
        """
        self.channel.sendall(b"go")
        report = self.channel.recv(4096).decode(errors="replace")  # nothing, once the command has taken over
        self.channel.close()
        if report:
            os.waitpid(self.pid, 0)
            problem = EmulatorError(report[1:])
            problem.exit_code = _NOT_FOUND if report[0] == "n" else _NOT_RUNNABLE
            raise problem


def start_sandbox(
    command: Sequence[str], *, environment: Mapping[str, str], dmi: Mapping[str, str], mask: set[signal.Signals]
) -> Sandbox:
    """Fork a child into namespaces; it runs the command, with an environment and a signal mask, once it is released.

    To be called before there are threads.

    Raises:
        NamespaceError: the system does not permit it; the message names the way without.
    """
    ours, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        ours.close()
        _Child(command, environment, theirs).run(dmi, mask)
    theirs.close()
    report, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
    if not descriptors:
        ours.close()
        os.waitpid(pid, 0)
        raise NamespaceError(f"namespaces are not permitted here ({report.decode(errors='replace')}); {_ADVICE}")
    return Sandbox(pid, ours, socket.socket(fileno=descriptors[0]))


class _Child:
    """What happens in the child, up to the moment at which it becomes the command."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], channel: socket.socket) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._channel = channel

    def run(self, dmi: Mapping[str, str], mask: set[signal.Signals]) -> NoReturn:
        try:
            self._prepare(dmi)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._become()
        finally:  # whatever happens: what called the parent must not go on in the child too
            os._exit(NamespaceError.exit_code)

    def _prepare(self, dmi: Mapping[str, str]) -> None:
        try:
            _enter_namespaces()
            die_with_parent(signal.SIGTERM)
            listener = _listen()
        except OSError as error:
            self._channel.send(_explain(error).encode())
            os._exit(NamespaceError.exit_code)
        if not lay_dmi_over(dmi):
            self._environment["AZURE_IMDS_DETECT"] = "skip"
        socket.send_fds(self._channel, [b"listening"], [listener.fileno()])
        listener.close()
        if not self._channel.recv(2):  # the parent has failed and said why
            os._exit(NamespaceError.exit_code)

    def _become(self) -> NoReturn:
        # Python ignores these two, and a command would inherit that.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execvpe(self._command[0], self._command, self._environment)  # noqa: S606 - the user's own command
        except OSError as error:
            kind = "n" if isinstance(error, FileNotFoundError) else "x"
            self._channel.send(f"{kind}{self._command[0]}: {(error.strerror or str(error)).lower()}".encode())
        os._exit(_NOT_FOUND)


def _explain(error: OSError) -> str:
    if error.errno == errno.ENOSPC:  # the kernel's odd way to say that user.max_user_namespaces is reached, often 0
        return f"{error.filename}: no more user namespaces are allowed"
    return f"{error.filename or 'setting them up'}: {(error.strerror or str(error)).lower()}"


def _enter_namespaces() -> None:
    """Enter network and mount namespaces; without the right to, inside a user namespace where we have it.

    There our ids stay what they are, and what rights we have in it end when the command is run.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWNET | CLONE_NEWNS)
    except PermissionError:
        unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def _listen() -> socket.socket:
    """Bring the loopback up, add the address to it beside 127.0.0.1, and listen there."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))
        fcntl.ioctl(control, _SIOCSIFADDR, _address_request(b"lo:imds", ADDRESS))
        fcntl.ioctl(control, _SIOCSIFNETMASK, _address_request(b"lo:imds", "255.255.255.255"))
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((ADDRESS, PORT))
    listener.listen(1024)
    return listener


def _address_request(name: bytes, address: str) -> bytes:
    return struct.pack("16sHH4s16x", name, socket.AF_INET, 0, socket.inet_aton(address))
