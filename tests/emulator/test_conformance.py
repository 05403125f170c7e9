# SPDX-License-Identifier: Apache-2.0
"""The conformance table, row by row."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from azure_imds_facts.emulator import Emulator

from tests.emulator.client import Response, StartEmulator, send_request
from tests.emulator.conformance import TABLE, Row


@pytest.fixture(scope="module")
def get_shared_emulator() -> Iterator[StartEmulator]:
    """One emulator for all rows with the same settings."""
    running: dict[str, Emulator] = {}

    def get(settings: dict[str, Any]) -> Emulator:
        key = json.dumps(settings, sort_keys=True)
        if key not in running:
            running[key] = Emulator(**settings).start()
        return running[key]

    yield get
    for emulator in running.values():
        emulator.close()


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.mark}: {row.method} {row.target} ({row.subject})")
def test_row(get_shared_emulator: StartEmulator, row: Row) -> None:
    """The response to a request is that of its row."""
    response = send_request(
        get_shared_emulator(row.settings).url,
        row.target,
        method=row.method,
        headers=row.request_headers,
        body=row.payload,
    )
    assert response.status == row.status
    assert response.headers["Content-Type"] == row.type
    for name, pattern in row.headers.items():
        assert re.fullmatch(pattern, response.headers[name])
    check_body(response, row.body)


def check_body(response: Response, expected: Any) -> None:
    """Compare a body: verbatim, with a pattern, or as JSON."""
    if isinstance(expected, bytes):
        assert response.body == expected
    elif isinstance(expected, re.Pattern):
        assert expected.fullmatch(response.body if isinstance(expected.pattern, bytes) else response.text)
    elif expected is not None:
        assert response.json == expected


def test_every_row_has_a_mark() -> None:
    """Marks are D, R and A; each of them occurs, and every row is unique."""
    assert {mark for row in TABLE for mark in row.mark.split("+")} == {"D", "R", "A"}
    assert len({(row.subject, row.target, row.method, repr(row.request_headers)) for row in TABLE}) == len(TABLE)
