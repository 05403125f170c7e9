# SPDX-License-Identifier: Apache-2.0
"""Requests as the hook's event brings them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from azure_imds_facts.salt.hook_request import RequestError, find_address, parse_event

SENT = {"id": "web-1.example.com", "key": "KEY", "document": {"encoding": "pkcs7", "signature": "MII"}}


@pytest.mark.parametrize(
    "event", [{"post": SENT}, {"post": {}, "body": json.dumps(SENT)}, {"body": json.dumps(SENT).encode()}], ids=range(3)
)
def test_parses(event: dict[str, Any]) -> None:
    """A request comes parsed, or as the body."""
    request = parse_event({**event, "headers": {"Remote-Addr": "10.0.0.4"}})
    assert (request.minion_id, request.key, request.address) == ("web-1.example.com", "KEY", "10.0.0.4")
    assert request.document["signature"] == "MII"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "../x"}, {"id": "*"}, {"id": ""}, {"id": "a" * 129}, {"id": 1}, {"id": "ä"}, {"id": "a\n"},
        {"key": None}, {"key": "K" * 5000}, {"document": "MII"}, {"document": {}}, {"document": {"signature": 1}},
        {"document": {"signature": "A" * 200_000}},
    ],
    ids=range(13),
)  # fmt: skip
def test_refuses(changes: dict[str, Any]) -> None:
    """A part that is missing or strange makes it none."""
    with pytest.raises(RequestError):
        parse_event({"post": {**SENT, **changes}})


@pytest.mark.parametrize("headers", [None, [], {"Remote-Addr": "a\nb"}, {}])
def test_address(headers: Any) -> None:
    """An address that cannot be shown is none."""
    assert find_address({"headers": headers}) == ""
