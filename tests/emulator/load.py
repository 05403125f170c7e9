# SPDX-License-Identifier: Apache-2.0
"""Load from clients with persistent connections on an emulator in a separate process; also runs with `python -m`."""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

PATHS = (
    "/metadata/instance?api-version=2021-02-01",
    "/metadata/instance?api-version=2025-04-07",
    "/metadata/instance/compute/vmSize?api-version=2021-02-01&format=text",
    "/metadata/instance/network/interface/0?api-version=2019-06-01",
    "/metadata/versions",
)


@dataclass(frozen=True)
class Load:
    """The result of a load: requests, those without a 200, seconds, and the seconds of the slowest request."""

    requests: int
    errors: int
    seconds: float
    slowest_s: float


async def _client(port: int, count: int, first: int) -> tuple[int, float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    errors, slowest = 0, 0.0
    for number in range(count):
        path = PATHS[(first + number) % len(PATHS)]
        began = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nMetadata: true\r\n\r\n".encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:"))
        body = await reader.readexactly(length)
        slowest = max(slowest, time.perf_counter() - began)
        errors += not (head.startswith("HTTP/1.1 200") and body)
    writer.close()
    await writer.wait_closed()
    return errors, slowest


async def _run(port: int, requests: int, clients: int) -> Load:
    began = time.perf_counter()
    shares = [_client(port, requests // clients, number) for number in range(clients)]
    done = await asyncio.gather(*shares)
    seconds = time.perf_counter() - began
    return Load(requests // clients * clients, sum(e for e, _ in done), seconds, max(s for _, s in done))


def put_load(url: str, *, requests: int, clients: int) -> Load:
    """Send requests from clients with persistent connections; a broken connection raises."""
    return asyncio.run(_run(int(url.rsplit(":", 1)[1]), requests, clients))


def read_memory_kib(pid: int) -> int:
    """Return the resident memory of a process."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))


if __name__ == "__main__":
    shown = put_load(sys.argv[1], requests=int(sys.argv[2]), clients=int(sys.argv[3]))
    print(f"{shown.requests} requests, {shown.errors} errors, {shown.seconds:.2f} s,", end=" ")
    print(f"{shown.requests / shown.seconds:.0f} a second, slowest {shown.slowest_s * 1000:.0f} ms")
