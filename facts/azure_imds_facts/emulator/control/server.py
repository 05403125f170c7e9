# SPDX-License-Identifier: Apache-2.0
"""The control endpoint: HTTP on a Unix socket that only its owner may use.

GET gives the emulator's state as JSON, POST takes changes as JSON and gives the state after them.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import stat
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError

from .changes import apply_changes, describe

if TYPE_CHECKING:
    from aiohttp import web

    from azure_imds_facts.emulator.assembly import Assembly

__all__ = ["Control", "send_changes"]


class Control:
    """Serves the control endpoint of an assembly."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._runner: web.ServerRunner | None = None

    async def start(self) -> None:
        """Begin to serve at the settings' path.

        Raises:
            EmulatorError: nothing can be made there, or another emulator uses it.
        """
        from aiohttp import web

        listener = _bind(self._assembly.settings.control)
        self._made = _identify(self._assembly.settings.control)
        self._runner = web.ServerRunner(web.Server(self._handle), handle_signals=False, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()

    async def stop(self) -> None:
        """Close and remove the socket."""
        if self._runner is not None:
            await self._runner.cleanup()
            _remove(self._assembly.settings.control, self._made)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        from aiohttp import web

        if request.method == "GET":
            return _reply(web, 200, describe(self._assembly))
        if request.method != "POST":
            return _reply(web, 405, {"error": "allowed: GET for the state, POST for changes"})
        try:
            return _reply(web, 200, apply_changes(self._assembly, json.loads(await request.read())))
        except EmulatorError as error:
            return _reply(web, 400, {"error": str(error)})
        except ValueError as error:
            return _reply(web, 400, {"error": f"not JSON ({error})"})


def _reply(web: Any, status: int, state: dict[str, Any]) -> web.Response:
    return web.Response(  # type: ignore[no-any-return]
        status=status, body=json.dumps(state).encode() + b"\n", content_type="application/json"
    )


def _bind(path: str) -> socket.socket:
    """Listen at a path; a socket that nobody listens at any more is replaced."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(0o177)  # the socket is its owner's from its first moment
    try:
        _clear(path)
        listener.bind(path)
        listener.listen()
    except OSError as error:
        listener.close()
        raise EmulatorError(f"control socket {path}: {(error.strerror or str(error)).lower()}") from error
    finally:
        os.umask(umask)
    return listener


def _identify(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def _remove(path: str, made: tuple[int, int]) -> None:
    """Remove the socket, unless something else has taken its place meanwhile."""
    with contextlib.suppress(OSError):
        if _identify(path) == made:
            os.unlink(path)


def _clear(path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            if stat.S_ISSOCK(os.lstat(path).st_mode):  # to files of other kinds nobody can connect either
                os.unlink(path)
        except OSError:
            return  # nothing there, or no socket: bind() tells


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("emulator", timeout=10)
        self._path = path

    def connect(self) -> None:
        """Connect to the path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def send_changes(path: str, changes: str) -> str:
    """Send changes, as JSON text, to the emulator at a control socket; return its state as JSON text.

    Raises:
        EmulatorError: no emulator listens there, or it refuses the changes.
    """
    connection = _Connection(path)
    try:
        connection.request("POST" if changes else "GET", "/", body=changes.encode())
        response = connection.getresponse()
        body = response.read().decode()
    except OSError as error:
        raise EmulatorError(f"control socket {path}: {(error.strerror or str(error)).lower()}") from error
    finally:
        connection.close()
    if response.status != http.client.OK:
        raise EmulatorError(f"control socket {path}: {json.loads(body)['error']}")
    return body.rstrip("\n")
