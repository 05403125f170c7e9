# SPDX-License-Identifier: Apache-2.0
"""The control server: HTTP on a Unix socket that only its owner may use.

GET returns the state as JSON. POST takes changes as JSON and returns the state after them.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

from .strict_json import parse_strict_json

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["ControlServer"]

State = dict[str, Any]


class ControlServer:
    """Serves the control socket at a path.

    `describe_state` returns the state; `apply_changes` takes changes and returns the state after them.
    """

    def __init__(
        self, path: str, *, describe_state: Callable[[], State], apply_changes: Callable[[object], State]
    ) -> None:
        self._path = path
        self._describe_state = describe_state
        self._apply_changes = apply_changes
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Create the socket and accept connections.

        Raises:
            EmulatorError: the socket cannot be created, or another emulator uses it.
        """
        from aiohttp import web

        listener = _open_listener(self._path)
        self._inode = _get_inode(self._path)
        self._runner = web.ServerRunner(web.Server(self._handle), handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close and remove the socket."""
        if self._runner is not None:
            await self._runner.cleanup()
            _remove(self._path, self._inode)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        if request.method == "GET":
            return _build_response(web, 200, self._describe_state())
        if request.method != "POST":
            return _build_response(web, 405, {"error": "allowed: GET for the state, POST for changes"})
        try:
            return _build_response(web, 200, self._apply_changes(parse_strict_json(await request.read())))
        except EmulatorError as error:
            return _build_response(web, 400, {"error": str(error)})
        except web.HTTPRequestEntityTooLarge:
            return _build_response(web, 413, {"error": "changes too large; allowed: 1 MiB"})


def _build_response(web: Any, status: int, content: dict[str, Any]) -> web.Response:
    return web.Response(  # type: ignore[no-any-return]
        status=status, body=json.dumps(content).encode() + b"\n", content_type="application/json"
    )


def _open_listener(path: str) -> socket.socket:
    """Listen at a path. A socket that an ended emulator left is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)  # no other user can connect, not even for a moment
    try:
        _remove_stale(path)
        listener.bind(path)
        listener.listen()
    except OSError as error:
        listener.close()
        # A file of any kind is in the way, or an emulator.
        hint = (
            "; change an emulator there with --change, or name another path" if error.errno == errno.EADDRINUSE else ""
        )
        raise EmulatorError(f"control socket {path}: {format_os_error(error)}{hint}") from error
    finally:
        os.umask(umask)
    return listener


def _get_inode(path: str) -> tuple[int, int]:
    status = os.lstat(path)
    return status.st_dev, status.st_ino


def _remove(path: str, inode: tuple[int, int]) -> None:
    """Remove the socket, unless another file has replaced it."""
    with contextlib.suppress(OSError):
        if _get_inode(path) == inode:
            os.unlink(path)


def _remove_stale(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            if stat.S_ISSOCK(os.lstat(path).st_mode):  # other kinds of files refuse connections as well
                os.unlink(path)
        except OSError:
            return  # nothing is there, or not a socket: bind() reports it
