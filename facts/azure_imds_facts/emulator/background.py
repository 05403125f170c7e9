# SPDX-License-Identifier: Apache-2.0
"""A server in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING

from .assembly import Assembly
from .errors import EmulatorError
from .http.request import Record

if TYPE_CHECKING:
    from .http.server import Server

__all__ = ["Background", "load_server"]


class Background:
    """Serves an assembly from `start()` until `close()`. `log` and `keep` are called in the server's thread."""

    def __init__(
        self,
        assembly: Assembly,
        *,
        log: Callable[[str], None] | None = None,
        keep: Callable[[Record], None] | None = None,
    ) -> None:
        self._assembly = assembly
        self._log = log
        self._keep = keep
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._server: Server | None = None

    def start(self, listener: socket.socket) -> None:
        """Serve a listening socket; returns once requests are taken.

        Raises:
            EmulatorError: the control socket cannot be made, or the extra is not installed.
        """
        self._server = load_server()(self._assembly, log=self._log, keep=self._keep)
        running: Future[asyncio.AbstractEventLoop] = Future()
        # A thread also because a caller's own event loop may run in this one.
        self._thread = threading.Thread(target=_run, args=(running,), name="azure-imds-emulator", daemon=True)
        self._thread.start()
        self._loop = running.result()
        try:
            asyncio.run_coroutine_threadsafe(self._server.start(listener), self._loop).result()
        except EmulatorError:
            listener.close()
            self.close()
            raise

    def close(self) -> None:
        """End every connection and free the port; a second call does nothing."""
        loop, thread, server = self._loop, self._thread, self._server
        self._loop = self._thread = self._server = None
        if loop is not None and thread is not None and server is not None:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

    def __enter__(self) -> Background:  # noqa: PYI034 - Self is not in Python 3.9's typing
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _run(running: Future[asyncio.AbstractEventLoop]) -> None:
    loop = asyncio.new_event_loop()
    running.set_result(loop)
    loop.run_forever()
    loop.close()


def load_server() -> type[Server]:
    """Import the one part that needs aiohttp; everything else works without.

    Raises:
        EmulatorError: the extra is not installed; says how to install it.
    """
    try:
        from .http.server import Server
    except ModuleNotFoundError as error:
        raise EmulatorError(f"serving needs {error.name}: pip install 'azure-imds-facts[emulator]'") from error
    return Server
