# SPDX-License-Identifier: Apache-2.0
"""The redirect of the metadata proxy agent: a cgroup of the command's own, in which IMDS is the agent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from azure_imds_facts.emulator.endpoints.proxy_agent import AGENT_ADDRESS, AGENT_PORT
from azure_imds_facts.emulator.errors import NamespaceError, format_os_error
from azure_imds_facts.emulator.http.listener import IMDS_ADDRESS, IMDS_PORT

from .bpf import attach_redirect, detach_redirect, load_redirect

__all__ = ["Redirect", "open_redirect"]

_MOUNTS = Path("/proc/self/mounts")
_PREFIX = "azure-imds-emulator-"
_ADVICE = "run it as root of the machine, or without a command: then one address is both agent and IMDS"


class Redirect:
    """A cgroup whose processes connect to the agent where they ask for IMDS, while it is switched on."""

    def __init__(self, cgroup: Path, descriptor: int, program: int) -> None:
        self.cgroup = cgroup
        self._descriptor = descriptor
        self._program = program
        self._is_on = False

    def add(self, pid: int) -> None:
        """Move a process into the cgroup. Its children are born there."""
        _move(self.cgroup, pid)

    def switch(self, is_on: bool) -> None:  # noqa: FBT001 - a listener of the agent
        """Redirect new connections, or let them through."""
        if is_on != self._is_on:
            (attach_redirect if is_on else detach_redirect)(self._descriptor, self._program)
        self._is_on = is_on


@contextmanager
def open_redirect() -> Iterator[Redirect]:
    """Make a redirect, switched off; remove it and its cgroup in the end, whatever still runs there.

    Raises:
        NamespaceError: this machine or this user cannot; the message names the alternative.
    """
    with _explain():
        program = load_redirect((IMDS_ADDRESS, IMDS_PORT), (AGENT_ADDRESS, AGENT_PORT))
    try:
        with _explain():
            root = _find_hierarchy()
            _remove_leftovers(root)
            cgroup = root / f"{_PREFIX}{os.getpid()}"
            cgroup.mkdir()
        try:
            descriptor = os.open(cgroup, os.O_RDONLY | os.O_DIRECTORY)
            try:
                yield Redirect(cgroup, descriptor, program)
            finally:
                os.close(descriptor)
        finally:
            _remove(cgroup)
    finally:
        os.close(program)


@contextmanager
def _explain() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = f"{error.filename or 'cgroup'}: {format_os_error(error)}"
        raise NamespaceError(f"the redirect of the proxy agent is not possible here ({reason}); {_ADVICE}") from error


def _find_hierarchy() -> Path:
    """Return where the second version of cgroups is mounted."""
    for line in _MOUNTS.read_text(encoding="utf-8").splitlines():
        _, path, kind, *_ = line.split(" ")
        if kind == "cgroup2":
            return Path(path)
    raise OSError(0, "no cgroup2 is mounted")


def _remove_leftovers(root: Path) -> None:
    """Remove the cgroups of emulators that were killed."""
    for cgroup in root.glob(f"{_PREFIX}*"):
        if not Path("/proc", cgroup.name[len(_PREFIX) :]).exists():
            _remove(cgroup)


def _remove(cgroup: Path) -> None:
    """Remove a cgroup and those inside; what still runs there, such as a daemon of the command, moves to the root."""
    inner = sorted((path.parent for path in cgroup.rglob("cgroup.procs")), reverse=True)
    for each in inner:
        with suppress(OSError):
            for pid in (each / "cgroup.procs").read_text(encoding="ascii").split():
                with suppress(OSError):  # it has ended meanwhile
                    _move(cgroup.parent, int(pid))
            each.rmdir()


def _move(cgroup: Path, pid: int) -> None:
    (cgroup / "cgroup.procs").write_text(str(pid), encoding="ascii")
