# SPDX-License-Identifier: Apache-2.0
"""Go through the matrix one way over one transport: `python -m tests.fire.runner WAY TRANSPORT TIMEOUT [NAME…]`.

A process of its own, because Salt is not to be imported beside pytest. Prints one JSON object a line.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.fire import ways
from tests.fire.behaviours import VM_ID
from tests.fire.matrix import MATRIX, ONCE, Fault
from tests.support.hosts import build_arc_host, build_host, listen, listening
from tests.support.servers import RawServer, refused_port

# TCP to a multicast address is refused by the kernel itself: nothing leaves the machine.
_UNROUTABLE = "http://224.0.0.1"
# One server at a time stands at 169.254.169.254.
_REAL_ADDRESS = threading.Lock()


def main() -> None:
    """Run, those that end at once before those that wait, which then wait together."""
    way, transport, timeout, *names = sys.argv[1:]
    faults = [fault for fault in MATRIX if not names or fault.name in names]
    with tempfile.TemporaryDirectory() as folder:
        host = build_host(Path(folder) / "host", uuid=VM_ID)
        run = ways.prepare(way, transport, host)

        def run_one(fault: Fault) -> str:
            place = tempfile.mkdtemp(dir=folder)
            return json.dumps({"name": fault.name, **_run(fault, run, place, float(timeout))})

        for at_once, workers in ((True, 2), (False, 1 if names else 20)):
            with ThreadPoolExecutor(workers) as pool:
                for line in pool.map(run_one, [fault for fault in faults if (fault.ends == ONCE) is at_once]):
                    print(line)


def _run(fault: Fault, run: Any, place: str, timeout: float) -> dict[str, Any]:
    ended = ways.Ended()
    settings: dict[str, Any] = {"timeout": timeout, "cache_dir": f"{place}/cache"}
    served = _served_on_arc(fault, place) if fault.place.startswith("arc") else _served(fault)
    with served as (endpoint, server):
        if endpoint:
            settings["endpoint"] = endpoint
        run(ended, place, settings)
        asked = [request.split(b" ", 2)[1].decode() for request in server.requests] if server else []
    return {**asdict(ended), "asked": sum(path.startswith("/metadata/instance") for path in asked)}


@contextlib.contextmanager
def _served(fault: Fault) -> Iterator[tuple[str, RawServer | None]]:
    """Yield the endpoint, empty for the default one, and the server where there is one."""
    if fault.behaviour is not None:
        with (
            RawServer(fault.behaviour) as server,
            _REAL_ADDRESS if fault.place == "azure" else contextlib.nullcontext(),
        ):
            if fault.place == "azure":
                ways.lead_to(server.port)
            yield ("" if fault.place == "azure" else server.url), server
    elif fault.place == "full":
        with _full_listener() as port:
            yield f"http://127.0.0.1:{port}", None
    elif fault.place == "unroutable":
        yield _UNROUTABLE, None
    else:
        with refused_port() as port:
            yield f"http://127.0.0.1:{port}", None


@contextlib.contextmanager
def _served_on_arc(fault: Fault, place: str) -> Iterator[tuple[str, RawServer | None]]:
    """Stand on a machine of Azure Arc, where one collection at a time runs: all have one endpoint."""
    host = build_arc_host(Path(place) / "arc")
    stranger = listening(1000)
    if fault.place == "arc, down":
        listen(host)
    elif fault.place == "arc, stranger":
        listen(host, stranger)

    def behave(server: RawServer, connection: socket.socket) -> None:
        if fault.place == "arc, swapped":
            listen(host, stranger)
        if fault.behaviour:
            fault.behaviour(server, connection)

    with _REAL_ADDRESS, RawServer(behave) as server:
        ways.lead_to(server.port)
        ways.stand_on(host)
        try:
            yield "", server
        finally:
            ways.stand_on(None)


@contextlib.contextmanager
def _full_listener() -> Iterator[int]:
    """A port whose queue is full: the kernel drops what comes."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


if __name__ == "__main__":
    main()
