# SPDX-License-Identifier: Apache-2.0
"""A command in network and mount namespaces of its own, where 169.254.169.254 is the only reachable address.

The child creates the namespaces, listens at the address inside, and passes the listening socket to the parent. A
socket stays in the namespace in which it was created, so the parent serves it from outside.
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

from azure_imds_facts.emulator.endpoints.proxy_agent import AGENT_ADDRESS, AGENT_PORT
from azure_imds_facts.emulator.errors import EmulatorError, NamespaceError, format_os_error
from azure_imds_facts.emulator.http.listener import IMDS_ADDRESS, IMDS_PORT

from .arc import ARC_ADDRESS, ARC_PORT, overlay_arc_agent
from .dmi import overlay_dmi
from .overlay import overlay_file
from .syscalls import (
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWUSER,
    MS_PRIVATE,
    MS_REC,
    exit_with_parent,
    mount,
    unshare,
)

__all__ = ["AGENT_STATUS", "Sandbox", "start_sandbox"]

# By these two the agent is recognized.
AGENT_PROGRAM, AGENT_STATUS = Path("/usr/sbin/azure-proxy-agent"), Path("/var/log/azure-proxy-agent/status.json")
_AGENT_SCRIPT = "#!/bin/sh\necho 'azure-proxy-agent is emulated here' >&2\nexit 1\n"

_ROOT = "/"
_NO_MOUNT_POINT = (
    "/ is not a mount point here, as in a chroot, and a command needs one;"
    " before you enter the chroot, bind-mount its root onto itself (mount --rbind ROOT ROOT), or"
)

_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_IFF_UP = 1
# The exit codes of a shell for a command that does not exist, or cannot be run.
_NOT_FOUND, _NOT_RUNNABLE = 127, 126
_ADVICE = (
    "run `azure-imds-facts emulate` by itself and the command with AZURE_IMDS_ENDPOINT set to the address it prints"
)


@dataclass(frozen=True)
class Sandbox:
    """A child that is ready to run its command: its process, the parent's channel to it, and its listening sockets."""

    pid: int
    channel: socket.socket
    listeners: tuple[socket.socket, ...]

    def release(self) -> None:
        """Let the child run its command.

        Raises:
            EmulatorError: it cannot be run; the exit code is that of a shell.
        """
        self.channel.sendall(b"go")
        report = self.channel.recv(4096).decode(errors="replace")  # empty if the command runs
        self.channel.close()
        if report:
            os.waitpid(self.pid, 0)
            error = EmulatorError(report[1:])
            error.exit_code = _NOT_FOUND if report[0] == "n" else _NOT_RUNNABLE
            raise error


def start_sandbox(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    dmi_files: Mapping[str, str],
    with_agent: bool,
    signal_mask: set[signal.Signals],
    platform: str = "vm",
) -> Sandbox:
    """Fork a child into namespaces. It runs the command, with an environment and a signal mask, when released.

    `platform`: `vm`, or `arc` for the agent of Azure Arc and its address instead of IMDS's.
    `with_agent`: it has the files of the metadata proxy agent, and a socket at its address.

    Must be called before threads are started.

    Raises:
        NamespaceError: namespaces are not permitted; the message names the alternative.
    """
    parent_end, child_end = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        parent_end.close()
        child = _Child(command, environment, child_end, platform)
        child.run(dmi_files, signal_mask, with_agent=with_agent)
    child_end.close()
    report, descriptors, _, _ = socket.recv_fds(parent_end, 4096, 2)
    if not descriptors:
        parent_end.close()
        os.waitpid(pid, 0)
        raise NamespaceError(f"{report.decode(errors='replace')} {_ADVICE}")
    return Sandbox(pid, parent_end, tuple(socket.socket(fileno=each) for each in descriptors))


class _Child:
    """The child process, until it executes the command."""

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], channel: socket.socket, platform: str
    ) -> None:
        self._command = list(command)
        self._environment = dict(environment)
        self._channel = channel
        self._platform = platform

    def run(self, dmi_files: Mapping[str, str], signal_mask: set[signal.Signals], *, with_agent: bool) -> NoReturn:
        try:
            self._prepare(dmi_files, with_agent=with_agent)
            signal.pthread_sigmask(signal.SIG_SETMASK, signal_mask)
            self._execute()
        finally:  # the caller's code must never continue in the child
            os._exit(NamespaceError.exit_code)

    def _prepare(self, dmi_files: Mapping[str, str], *, with_agent: bool) -> None:
        try:
            _enter_namespaces()
            exit_with_parent(signal.SIGTERM)
            listeners = self._listen_as_platform()
            if with_agent:
                listeners.append(_listen(AGENT_ADDRESS, AGENT_PORT))
                overlay_file(AGENT_PROGRAM, _AGENT_SCRIPT, mode=0o755)
                overlay_file(AGENT_STATUS, "", mode=0o640)
                AGENT_STATUS.unlink()  # the agent writes it once it is provisioned
        except OSError as error:
            self._channel.send(_format_error(error).encode())
            os._exit(NamespaceError.exit_code)
        if not overlay_dmi(dmi_files) and self._platform == "vm":
            self._environment["AZURE_IMDS_DETECT"] = "skip"
        socket.send_fds(self._channel, [b"listening"], [listener.fileno() for listener in listeners])
        for listener in listeners:
            listener.close()
        if not self._channel.recv(2):  # the parent has failed and reported it
            os._exit(NamespaceError.exit_code)

    def _listen_as_platform(self) -> list[socket.socket]:
        _activate_loopback()
        if self._platform == "arc":
            overlay_arc_agent()
            return [_listen(ARC_ADDRESS, ARC_PORT)]
        _add_address()
        return [_listen(IMDS_ADDRESS, IMDS_PORT)]

    def _execute(self) -> NoReturn:
        # Python ignores these two, and the command would inherit that.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        try:
            os.execvpe(self._command[0], self._command, self._environment)  # noqa: S606 - the user's own command
        except OSError as error:
            kind = "n" if isinstance(error, FileNotFoundError) else "x"
            self._channel.send(f"{kind}{self._command[0]}: {format_os_error(error)}".encode())
        os._exit(_NOT_FOUND)


def _format_error(error: OSError) -> str:
    """Return the beginning of the message, which the advice continues."""
    if (error.errno, error.filename) == (errno.EINVAL, _ROOT):
        return _NO_MOUNT_POINT
    if error.errno == errno.ENOSPC:  # the kernel's code for a reached user.max_user_namespaces, which is often 0
        reason = f"{error.filename}: no more user namespaces are allowed"
    else:
        reason = f"{error.filename or 'network setup'}: {format_os_error(error)}"
    return f"namespaces are not permitted here ({reason});"


def _enter_namespaces() -> None:
    """Enter network and mount namespaces. If that is not permitted, enter a user namespace with them.

    Inside it the ids stay the same, and its privileges end when the command is executed.
    """
    user, group = os.geteuid(), os.getegid()
    try:
        unshare(CLONE_NEWNET | CLONE_NEWNS)
    except PermissionError:
        unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS)
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1", encoding="ascii")
    mount("none", _ROOT, flags=MS_REC | MS_PRIVATE)


def _activate_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(control, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def _add_address() -> None:
    """Add the address of IMDS to the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFADDR, _pack_address(b"lo:imds", IMDS_ADDRESS))
        fcntl.ioctl(control, _SIOCSIFNETMASK, _pack_address(b"lo:imds", "255.255.255.255"))


def _listen(address: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind((address, port))
    listener.listen(1024)
    return listener


def _pack_address(interface: bytes, address: str) -> bytes:
    return struct.pack("16sHH4s16x", interface, socket.AF_INET, 0, socket.inet_aton(address))
