# SPDX-License-Identifier: Apache-2.0
"""The servers of an emulator: IMDS over HTTP, and the control socket. They run in an event loop or in a thread."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, Protocol

from .control.changes import apply_changes, describe_state
from .control.server import ControlServer
from .errors import EmulatorError
from .http.hosts import HostPolicy

if TYPE_CHECKING:
    from .assembly import Assembly
    from .http.request import RequestRecord
    from .http.server import HttpServer
    from .http.service import Address, Service

__all__ = ["BackgroundServer", "EmulatorServer", "Site", "VmSite", "import_http_server"]

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


class Site(Protocol):
    """What a server serves: one machine, or a fleet of them."""

    @property
    def control(self) -> str:
        """The path of the control socket, empty for none."""
        ...

    @property
    def allow_hosts(self) -> Sequence[str]:
        """The names that a request's `Host` may have besides addresses."""
        ...

    def find_service(self, address: Address) -> Service:
        """Return what answers at an address."""
        ...

    def describe_state(self) -> dict[str, Any]:
        """Return the state for the control socket."""
        ...

    def apply_changes(self, changes: object) -> dict[str, Any]:
        """Apply changes from the control socket; return the state after them. Raises EmulatorError."""
        ...


class VmSite:
    """One machine, whatever the address."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._service = assembly.build_service()

    @property
    def control(self) -> str:
        """The path of the control socket."""
        return self._assembly.settings.control

    @property
    def allow_hosts(self) -> Sequence[str]:
        """The names of the settings."""
        return self._assembly.settings.allow_hosts

    def find_service(self, address: Address) -> Service:  # noqa: ARG002
        """Return what answers."""
        return self._service

    def describe_state(self) -> dict[str, Any]:
        """Return the machine's state."""
        return describe_state(self._assembly)

    def apply_changes(self, changes: object) -> dict[str, Any]:
        """Change the machine."""
        return apply_changes(self._assembly, changes)


class EmulatorServer:
    """Serves a site in the running event loop: IMDS, and the control socket if the settings name one.

    `log` receives one line a request, `on_request` the record of each request.
    """

    def __init__(self, site: Site, *, log: Log | None = None, on_request: OnRequest | None = None) -> None:
        hosts = HostPolicy(site.allow_hosts)
        self._http = import_http_server()(site.find_service, hosts=hosts, log=log, on_request=on_request)
        self._control: ControlServer | None = None
        if site.control:
            self._control = ControlServer(
                site.control, describe_state=site.describe_state, apply_changes=site.apply_changes
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
    """Serves a site in a thread, from `start()` until `close()`. Callbacks are called in that thread."""

    def __init__(self, site: Site, *, log: Log | None = None, on_request: OnRequest | None = None) -> None:
        self._site = site
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
        self._server = EmulatorServer(self._site, log=self._log, on_request=self._on_request)
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
