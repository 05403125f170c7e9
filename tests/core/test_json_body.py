# SPDX-License-Identifier: Apache-2.0
"""Test bodies as JSON: what is parsed, what is refused, and which refusals are worth another request."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from azure_imds_facts.core.errors import InvalidError
from azure_imds_facts.core.json_body import MAX_BYTES, parse_json
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b' \n[1, 2.5, "x"]\r\n', [1, 2.5, "x"]),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (rb'"\ud800"', "\ufffd"),
        (rb'"\uDC00x"', "\ufffdx"),
        (rb'{"\ud800k": ["\udfff"]}', {"\ufffdk": ["\ufffd"]}),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        ('"ü"'.encode(), "ü"),
        (b"null", None),
        (b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
    ],
)
def test_parse_json(body: bytes, expected: Any) -> None:
    """JSON in UTF-8 is read, with or without a BOM; the last of equal keys wins; lone surrogates are replaced."""
    assert parse_json(body) == expected


@pytest.mark.parametrize(
    ("body", "retried"),
    [
        (b"", True),
        (b'{"a": ', True),
        (b'{"a": 1}}', True),
        (b"hello", True),
        (b"<html><body>Log in</body></html>", False),
        (b"\n\t <!DOCTYPE html>", False),
        (b"\xef\xbb\xbf<?xml?>", False),
        (b'{"a": NaN}', False),
        (b'{"a": Infinity}', False),
        (b'{"a": -Infinity}', False),
        (b'{"a": 1e999}', False),
        (b'{"a": "\xff"}', False),
        ('{"a": 1}'.encode("utf-16"), False),
        (b'{"a": "\xc3', True),
        (b"[" * 200_000, False),
        (b"[" + b"9" * 5000 + b"]", False),
        (b'"' + b"x" * MAX_BYTES + b'"', False),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_refused(body: bytes, retried: bool) -> None:
    """What is no JSON of IMDS is invalid; only what may have been cut or broken on its way is asked for again."""
    with pytest.raises(InvalidError) as caught:
        parse_json(body)
    assert caught.value.is_broken_json is retried
    assert caught.value.problem.endswith(".")
    assert caught.value.hint


def test_largest_body() -> None:
    """Exactly 1 MiB is read."""
    assert len(parse_json(b'"' + b"x" * (MAX_BYTES - 2) + b'"')) == MAX_BYTES - 2


@given(st.binary(max_size=60))
def test_any_bytes(body: bytes) -> None:
    """Whatever the bytes, the end is a value or InvalidError."""
    with contextlib.suppress(InvalidError):
        parse_json(body)
