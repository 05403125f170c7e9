# SPDX-License-Identifier: Apache-2.0
"""The servers of an emulator: IMDS over HTTP, and the control socket. They run in an event loop or in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING

from .control.changes import apply_changes, describe_state
from .control.server import ControlServer
from .errors import EmulatorError
from .http.hosts import HostPolicy

if TYPE_CHECKING:
    from .assembly import Assembly
    from .http.request import RequestRecord
    from .http.server import HttpServer

__all__ = ["BackgroundServer", "EmulatorServer", "import_http_server"]

Log = Callable[[str], None]
OnRequest = Callable[["RequestRecord"], None]


def import_http_server() -> type[HttpServer]:
    """Import the one module that needs aiohttp, so that everything else works without it.

    Raises:
        EmulatorError: aiohttp is not installed; names the extra to install.
    """
    try:
        from .http.server import HttpServer
    except ModuleNotFoundError as error:
        raise EmulatorError(f"serving needs {error.name}: pip install 'azure-imds-facts[emulator]'") from error
    return HttpServer


class EmulatorServer:
    """Serves an assembly in the running event loop: IMDS, and the control socket if the settings name one.

    `log` receives one line a request, `on_request` the record of each request.
    """

    def __init__(self, assembly: Assembly, *, log: Log | None = None, on_request: OnRequest | None = None) -> None:
        self._http = import_http_server()(
            assembly.router.respond,
            limits=assembly.limits,
            faults=assembly.faults,
            hosts=HostPolicy(assembly.settings.allow_hosts),
            agent=assembly.agent,
            log=log,
            on_request=on_request,
        )
        self._control: ControlServer | None = None
        if assembly.settings.control:
            self._control = ControlServer(
                assembly.settings.control,
                describe_state=partial(describe_state, assembly),
                apply_changes=partial(apply_changes, assembly),
            )

    async def start(self, *listeners: socket.socket) -> None:
        """Accept connections on listening sockets, and on the control socket.

        Raises:
            EmulatorError: the control socket cannot be created.
        """
        if self._control is not None:
            await self._control.start()
        await self._http.start(*listeners)

    async def stop(self) -> None:
        """Close the sockets and every connection."""
        await self._http.stop()
        if self._control is not None:
            await self._control.stop()


class BackgroundServer:
    """Serves an assembly in a thread, from `start()` until `close()`. Callbacks are called in that thread."""

    def __init__(self, assembly: Assembly, *, log: Log | None = None, on_request: OnRequest | None = None) -> None:
        self._assembly = assembly
        self._log = log
        self._on_request = on_request
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: EmulatorServer | None = None

    def start(self, *listeners: socket.socket) -> None:
        """Accept connections on listening sockets; return when the server is ready.

        Raises:
            EmulatorError: the control socket cannot be created, or the extra is not installed.
        """
        self._server = EmulatorServer(self._assembly, log=self._log, on_request=self._on_request)
        started: Future[asyncio.AbstractEventLoop] = Future()
        # The caller's thread may already run an event loop of its own.
        self._thread = threading.Thread(target=_run_loop, args=(started,), name="azure-imds-emulator", daemon=True)
        self._thread.start()
        self._loop = started.result()
        try:
            asyncio.run_coroutine_threadsafe(self._server.start(*listeners), self._loop).result()
        except EmulatorError:
            for listener in listeners:
                listener.close()
            self.close()
            raise

    def close(self) -> None:
        """Close every connection and free the port. A second call does nothing."""
        loop, thread, server = self._loop, self._thread, self._server
        self._loop = self._thread = self._server = None
        if loop is not None and thread is not None and server is not None:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()


def _run_loop(started: Future[asyncio.AbstractEventLoop]) -> None:
    loop = asyncio.new_event_loop()
    started.set_result(loop)
    loop.run_forever()
    loop.close()
