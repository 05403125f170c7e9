# SPDX-License-Identifier: Apache-2.0
"""Generated input for the targets: near to what is right, since what is far from it is refused at the first step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from fuzz.targets import BOOT_ID, ENDPOINT

SIGNED = sorted((Path(__file__).parent / "corpus/verify").iterdir())

TEXT = st.text(max_size=20) | st.sampled_from(
    ["", "userData", "{{ x }}", "a\x00b", "\x1b[2J", "\ud800", "\u202e", "1e9"]
)
LEAF = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=12
)
TAG = st.fixed_dictionaries({}, optional={"name": LEAF, "value": LEAF}) | VALUE
SECRET = st.sampled_from(["userData", "USERDATA", "customData", "publicKeys", "adminUsername", "secretUrl", "keyUrl"])
COMPUTE = st.fixed_dictionaries(
    {},
    optional={
        "tags": TEXT,
        "tagsList": st.lists(TAG, max_size=4) | LEAF,
        "vmId": LEAF,
        "location": LEAF,
        "azEnvironment": LEAF,
        "osProfile": st.dictionaries(SECRET | TEXT, VALUE, max_size=3),
    },
)
ADDRESS = st.fixed_dictionaries({}, optional={"privateIpAddress": LEAF, "publicIpAddress": LEAF})
PROTOCOL = st.fixed_dictionaries(
    {}, optional={"ipAddress": st.lists(ADDRESS | LEAF, max_size=3) | VALUE, "subnet": VALUE}
)
INTERFACE = st.fixed_dictionaries({}, optional={"ipv4": PROTOCOL | VALUE, "ipv6": PROTOCOL | VALUE, "macAddress": LEAF})
NETWORK = st.fixed_dictionaries({}, optional={"interface": st.lists(INTERFACE | VALUE, max_size=3) | VALUE})
DOCUMENT = st.fixed_dictionaries(
    {}, optional={"compute": COMPUTE | VALUE, "network": NETWORK | VALUE, "extended": VALUE}
)
KEY = {"endpoint": ENDPOINT, "path": "/metadata/instance", "asked": "negotiated", "boot_id": BOOT_ID}
KEPT = st.fixed_dictionaries(
    {
        "format": st.just(1) | LEAF,
        "key": st.just(KEY) | VALUE,
        "api_version": st.just("2021-02-01") | LEAF,
        "fetched_at": TEXT | LEAF,
        "fetched_boottime": st.just(990.0) | LEAF,
        "local_address": LEAF,
        "document": DOCUMENT | VALUE,
    }
)
HEADER = st.sampled_from(
    [
        "Content-Length: 2",
        "Content-Length: x",
        "Content-Length: -1",
        "Content-Length: +2",
        "Content-Length: 0x2",
        "Content-Length: \xb2",
        "Content-Length: 2_0",
        "Content-Length: 2, 2",
        "Content-Length : 2",
        "Transfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Connection: close",
        "Connection: keep-alive",
        "Content-Encoding: gzip",
        "Location: /",
        "Set-Cookie: a=b",
        "Content-Type: multipart/mixed; boundary=x",
        " folded",
        "no header",
        "Retry-After: 1",
        ": empty",
        "\x0bodd: 1",
    ]
)
BODY = st.binary(max_size=80) | st.sampled_from(
    [b"{}", b'{"compute":{}}', b"2\r\n{}\r\n0\r\n\r\n", b"zz\r\n", b"-2\r\n{}", b"0x2\r\n{}\r\n0\r\n\r\n"]
)


def dump(value: Any) -> bytes:
    """Write a value as Python would, NaN and lone surrogates included."""
    return json.dumps(value).encode()


def build_response(status: object, headers: list[str], end: str, body: bytes) -> bytes:
    """Put a response together."""
    lines = [f"HTTP/1.1 {status} Some", *headers]
    return end.join(lines).encode("latin-1", "replace") + (end * 2).encode() + body


def splice(document: bytes, place: int, new: bytes) -> bytes:
    """Write bytes over others; none: cut it there."""
    return document[:place] + new + document[place + len(new) :] if new else document[:place]


RESPONSE = st.builds(
    build_response,
    st.integers(99, 1000) | st.sampled_from([200, 200, 100, 204, 304, "abc", "-1", ""]),
    st.lists(HEADER, max_size=4),
    st.sampled_from(["\r\n", "\n", "\r"]),
    BODY,
)
DATE = st.sampled_from(
    ["Mon, 19 Sep 2016 18:29:47 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Thu, 01 Jan 1970 00:00:00 -9999"]
)
WAIT = st.lists(DATE | TEXT | st.integers().map(str), min_size=1, max_size=3).map("\n".join)

INPUT: dict[str, st.SearchStrategy[bytes]] = {
    "document": DOCUMENT.map(dump) | VALUE.map(dump) | st.binary(max_size=200),
    "response": RESPONSE | st.binary(max_size=200),
    "entry": KEPT.map(dump) | VALUE.map(dump) | st.binary(max_size=200),
    "verify": st.builds(
        lambda file, place, new: splice(file.read_bytes(), place, new),
        st.sampled_from(SIGNED),
        st.integers(0, 4000),
        st.binary(max_size=4),
    ),
    "wait": WAIT.map(lambda text: text.encode("latin-1", "replace")) | st.binary(max_size=60),
}
