# SPDX-License-Identifier: Apache-2.0
"""Test the command `get`."""

from __future__ import annotations

import pytest

from tests.support.command_line import Run
from tests.support.servers import RawServer, answering, sending


@pytest.mark.parametrize(("body", "shown"), [(b'{"a":1}', '{"a":1}\n'), (b'{"a":1}\n', '{"a":1}\n')])
def test_get(body: bytes, shown: str, run: Run) -> None:
    """The answer as it came, ended with a newline; nothing is cached."""
    with RawServer(answering(body)) as server:
        for _ in range(2):
            assert run("get", "compute", "--endpoint", server.url).out == shown
        assert len(server.requests) == 2


@pytest.mark.parametrize("flags", [["--format", "text"], ["--format", "json"], ["--api-version", "2021-02-01"]])
def test_get_flags(flags: list[str], run: Run, imds: RawServer) -> None:
    """Flags are sent as they were given."""
    assert run("get", "compute/zone", "--endpoint", imds.url, *flags).code == 0
    wanted = f"{flags[0][2:]}={flags[1]}".encode()
    assert wanted in imds.requests[0]


def test_get_of_what_is_not_there(run: Run) -> None:
    """What IMDS refuses is rejected, with nothing on standard output."""
    with RawServer(sending(b'HTTP/1.1 403 No\r\nContent-Length: 16\r\n\r\n{"error":"Nope"}')) as server:
        ended = run("get", "compute/x", "--endpoint", server.url)
    assert (ended.code, ended.out) == (7, "")
    assert "Nope" in ended.err
