# SPDX-License-Identifier: Apache-2.0
"""A server in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType

from .asked import Record
from .assembly import Assembly

__all__ = ["Background"]


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
        self._stop: Callable[[], None] | None = None
        self._thread: threading.Thread | None = None

    def start(self, listener: socket.socket) -> None:
        """Serve a listening socket; returns once requests are taken.

        Raises:
            EmulatorError: the control socket cannot be made.
        """
        started: Future[Callable[[], None]] = Future()
        work = self._serve(listener, started)
        # Also what a caller's own event loop needs: it must not run in the thread that another loop runs in.
        self._thread = threading.Thread(target=asyncio.run, args=(work,), name="azure-imds-emulator", daemon=True)
        self._thread.start()
        self._stop = started.result()

    async def _serve(self, listener: socket.socket, started: Future[Callable[[], None]]) -> None:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        try:
            from .server import Server  # the one part that needs the extra; the package imports without it

            server = Server(self._assembly, log=self._log, keep=self._keep)
            await server.start(listener)
        except Exception as error:  # noqa: BLE001 - not ours to judge: it goes on in the thread that waits for it
            listener.close()
            started.set_exception(error)
            return
        started.set_result(lambda: _call(loop, ended.set))
        await ended.wait()
        await server.stop()

    def close(self) -> None:
        """End every connection and free the port; a second call does nothing."""
        stop, thread = self._stop, self._thread
        self._stop = self._thread = None
        if stop is not None and thread is not None:
            stop()
            thread.join()

    def __enter__(self) -> Background:  # noqa: PYI034 - Self is not in Python 3.9's typing
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[[], None]) -> None:
    loop.call_soon_threadsafe(callback)
