# SPDX-License-Identifier: Apache-2.0
"""The fault matrix: all that can answer in place of IMDS, and what a collection makes of it. docs/faults.md is made of it."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass
from email.utils import formatdate

from tests.fire.behaviours import (
    GOOD,
    OK,
    OTHER_VM_ID,
    SECRET,
    VM_ID,
    Behaviour,
    answer,
    document,
    drip,
    flood,
    gzip_bomb,
    nested,
    padded,
    raw,
    redirect,
    reset_at_once,
    reset_before,
    reset_inside,
    says,
    silent,
)
from tests.support.documents import build_arc_document

ONCE = "at once"
DEADLINE = "at the deadline"
MIB = 1024 * 1024


@dataclass(frozen=True)
class Fault:
    """One row. `behaviour` None: no server, `place` says what there is in its stead."""

    name: str
    behaves: str
    outcome: str
    ends: str
    behaviour: Behaviour | None = None
    place: str = "server"


def _status(status: int, outcome: str, ends: str) -> Fault:
    return Fault(f"status {status}", f"{status} to every request", outcome, ends, answer(status))


def _date(seconds: float) -> str:
    return formatdate(time.time() + seconds, usegmt=True)


_NEWEST = json.dumps({"error": "Bad request.", "newest-versions": ["2021-02-01", "2020-09-01"]}).encode()
_CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
_INSTANCE = b"%x\r\n%s\r\n" % (len(GOOD), GOOD)

STATUSES = [
    *(_status(status, "invalid", ONCE) for status in (201, 202, 204, 206, 300, 303, 304)),
    *(
        Fault(f"redirect {status}", f"{status} with a Location on another host", "invalid", ONCE, redirect(status))
        for status in (301, 302, 307, 308)
    ),
    *(_status(status, "rejected", ONCE) for status in (401, 403, 405, 407, 411, 418, 422, 451)),
    Fault("a redirect without end", "302, and a body for ever", "invalid", ONCE, flood(b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", b"y" * 65536)),
    Fault("a refusal without end", "403, and a body for ever", "rejected", ONCE, flood(b"HTTP/1.1 403 No\r\n\r\n", b"y" * 65536)),
    Fault(
        "403 in a proxy's words",
        "403 with a text, as Docker Desktop's proxy sends it",
        "rejected",
        ONCE,
        answer(403, b"connecting to 169.254.169.254:80: an unreachable network"),
    ),
    Fault("no header", "400 that asks for the header", "rejected", ONCE, answer(400, b'{"error":"Required metadata header not specified"}')),
    Fault("no version is good, without a list", "400 without `newest-versions`, to every version", "rejected", ONCE, answer(400)),
    Fault("no version is good", "400 with `newest-versions`, to every version", "rejected", ONCE, answer(400, _NEWEST)),
    *(_status(status, "unavailable", DEADLINE) for status in (404, 408, 410, 421)),
    _status(429, "throttled", DEADLINE),
    *(_status(status, "unavailable", DEADLINE) for status in (500, 502, 503, 504, 599)),
    _status(799, "invalid", ONCE),
    Fault(
        "100 without end",
        "`100 Continue` again and again",
        "unreachable",
        DEADLINE,
        flood(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ),
]  # fmt: skip

_RETRY_AFTER = (
    ("0", "0", DEADLINE),
    ("past the deadline", "3600", ONCE),
    ("of 20 digits", "9" * 20, ONCE),
    ("of 30,000 digits", "9" * 30_000, ONCE),
    ("negative", "-5", DEADLINE),
    ("in words", "soon", DEADLINE),
    ("in floating point", "1e9", DEADLINE),
    ("empty", "", DEADLINE),
    ("of digits that are not ASCII", "\xb2\xb3", DEADLINE),
    ("a date that has passed", _date(-3600), DEADLINE),
    ("a date in an hour", _date(3600), ONCE),
    ("a date in the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", ONCE),
    ("a date that there is not", "Fri, 99 Foo 2026 77:88:99 GMT", DEADLINE),
    ("a date past all counting", "Fri, 31 Dec 99999999999 23:59:59 GMT", DEADLINE),
)
WAITS = [
    *(
        Fault(
            f"429, Retry-After {name}",
            f"429 with `Retry-After`: {name}" if len(value) > 25 or not value else f"429 with `Retry-After: {value}`",
            "throttled",
            ends,
            answer(429, Retry_After=value),
        )
        for name, value, ends in _RETRY_AFTER
    ),
    Fault("503, Retry-After past the deadline", "503 with `Retry-After: 600`", "unavailable", ONCE, answer(503, Retry_After="600")),
    Fault("403 with Retry-After", "403 with `Retry-After: 0`", "rejected", ONCE, answer(403, Retry_After="0")),
]  # fmt: skip

CONNECTIONS = [
    Fault("connection refused", "nothing listens", "unreachable", DEADLINE, place="refused"),
    Fault("no route", "the kernel knows no way there", "unreachable", DEADLINE, place="unroutable"),
    Fault("packets dropped", "no connection and no error", "unreachable", DEADLINE, place="full"),
    Fault("reset at once", "RST before the request was read", "unreachable", DEADLINE, reset_at_once),
    Fault("reset before the answer", "RST when the request was read", "unreachable", DEADLINE, reset_before),
    Fault("reset inside the body", "RST after 20 bytes of the body", "unreachable", DEADLINE, reset_inside),
    Fault("closed without an answer", "FIN when the request was read", "unreachable", DEADLINE, raw(b"")),
    Fault("closed inside the head", "FIN inside a header", "unreachable", DEADLINE, raw(OK + b"Content-Le")),
    Fault("a line that is no header", "inside the head", "unreachable", DEADLINE, raw(OK + b"no header\r\nContent-Length: 2\r\n\r\n{}")),
    Fault("never answering", "reads the request and stays silent", "unreachable", DEADLINE, silent),
    Fault("one byte a second", "sends the head at this speed", "unreachable", DEADLINE, drip(b"", OK, every_s=1.0)),
    Fault("slow head", "a byte each 20 ms, without end", "unreachable", DEADLINE, drip(OK + b"X-Slow: ", b"y" * 9999, every_s=0.02)),
    Fault("slow body", "a byte each 20 ms", "unreachable", DEADLINE, drip(OK + b"Content-Length: 9999\r\n\r\n", b"{" + b" " * 9998, every_s=0.02)),
    Fault("one byte of body a second", "sends the body at this speed", "unreachable", DEADLINE, drip(OK + b"Content-Length: 999\r\n\r\n", GOOD, every_s=1.0)),
    Fault("slow chunks", "the sizes of chunks byte by byte", "unreachable", DEADLINE, drip(_CHUNKED, b"1\r\ny\r\n" * 999, every_s=0.02)),
    Fault("headers without end", "one after the other", "unreachable", DEADLINE, flood(OK, b"X-More: yes\r\n")),
    Fault("a header without end", "one line, for ever", "unreachable", DEADLINE, flood(OK + b"X-More: ", b"y" * 4096)),
    Fault("a status line without end", "for ever", "unreachable", DEADLINE, flood(b"HTTP/1.1 200 ", b"y" * 4096)),
    Fault("not HTTP", "an SSH banner", "unreachable", DEADLINE, raw(b"SSH-2.0-OpenSSH_9.6\r\n")),
    Fault("TLS", "a TLS alert", "unreachable", DEADLINE, raw(b"\x15\x03\x01\x00\x02\x02\x46")),
    Fault("a status of letters", "`HTTP/1.1 abc`", "unreachable", DEADLINE, raw(b"HTTP/1.1 abc OK\r\n\r\n")),
]  # fmt: skip

LENGTHS = [
    Fault("chunked", "the document in one chunk", "ok", ONCE, raw(_CHUNKED + _INSTANCE + b"0\r\n\r\n")),
    Fault("a chunk's size of no number", "`zz`", "unreachable", DEADLINE, raw(_CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n")),
    Fault("a negative chunk", "`-1`", "unreachable", DEADLINE, raw(_CHUNKED + b"-1\r\n{}\r\n0\r\n\r\n")),
    Fault("a chunk cut", "FIN inside it", "unreachable", DEADLINE, raw(_CHUNKED + _INSTANCE[:-20])),
    Fault("no last chunk", "FIN instead", "unreachable", DEADLINE, raw(_CHUNKED + _INSTANCE)),
    Fault("chunks without end", "for ever", "invalid", ONCE, flood(_CHUNKED, b"10000\r\n" + b"y" * 65536 + b"\r\n")),
    Fault("a body without end", "no length, for ever", "invalid", ONCE, flood(OK + b"\r\n", b"y" * 65536)),
    Fault("a body of 10 GB", "announced and sent", "invalid", ONCE, flood(OK + b"Content-Length: 9999999999\r\n\r\n", b"y" * 65536)),
    Fault("exactly 1 MiB", "a document of that size", "ok", ONCE, answer(200, padded(MIB))),
    Fault("a byte over 1 MiB", "a document of that size", "invalid", ONCE, answer(200, padded(MIB + 1))),
    Fault("Content-Length too long", "more than is sent", "unreachable", DEADLINE, raw(OK + b"Content-Length: 9999\r\n\r\n" + GOOD)),
    Fault("Content-Length too short", "less than the document", "invalid", DEADLINE, raw(OK + b"Content-Length: 50\r\n\r\n" + GOOD)),
    Fault("gzip bomb", "64 MiB in 64 KiB", "invalid", ONCE, answer(200, gzip_bomb(), Content_Encoding="gzip")),
    Fault("gzip", "the document, compressed without request", "invalid", ONCE, answer(200, gzip.compress(GOOD, mtime=0), Content_Encoding="gzip")),
]  # fmt: skip

DOCUMENTS = [
    Fault("whole document", "as IMDS sends it", "ok", ONCE, answer(200, GOOD)),
    Fault("a login page", "HTML with status 200", "invalid", ONCE, answer(200, f"<!DOCTYPE html>{SECRET}".encode(), Content_Type="text/html")),
    Fault("HTML after blanks and a BOM", "as some portals do", "invalid", ONCE, answer(200, b"\xef\xbb\xbf \r\n<html>")),
    Fault("empty", "200 without a body", "invalid", DEADLINE, answer(200, b"")),
    Fault("text", "`OK`", "invalid", DEADLINE, answer(200, b"OK")),
    Fault("cut JSON", "complete HTTP, half a document", "invalid", DEADLINE, answer(200, GOOD[:-20])),
    Fault("two documents", "one after the other", "invalid", DEADLINE, answer(200, GOOD + GOOD)),
    Fault("not UTF-8", "a byte that is not UTF-8", "invalid", ONCE, answer(200, b'{"compute":{"a":"\xff"}}')),
    Fault("UTF-16", "the whole document in it", "invalid", ONCE, answer(200, GOOD.decode().encode("utf-16"))),
    Fault("BOM", "before the document", "ok", ONCE, answer(200, b"\xef\xbb\xbf" + GOOD)),
    Fault("NaN", "as a value", "invalid", ONCE, answer(200, b'{"compute":{"a":NaN}}')),
    Fault("Infinity", "as a value", "invalid", ONCE, answer(200, b'{"compute":{"a":-Infinity}}')),
    Fault("a number of 5,000 digits", "as a value", "invalid", ONCE, answer(200, b'{"compute":{"a":' + b"1" * 5000 + b"}}")),
    Fault("1e999", "as a value", "invalid", ONCE, answer(200, b'{"compute":{"a":1e999}}')),
    Fault("duplicate keys", "the last of them good", "ok", ONCE, answer(200, b'{"compute":5,' + GOOD[1:])),
    Fault("duplicate keys, the last wrong", "`compute` twice", "invalid", ONCE, answer(200, GOOD[:-1] + b',"compute":5}')),
    Fault("lone surrogates", "in names and values", "ok", ONCE, answer(200, rb'{"compute":{"a\ud800":"\udfff"}}')),
    Fault("nested 16 deep", "the limit", "ok", ONCE, answer(200, nested(16))),
    Fault("nested 17 deep", "one over the limit", "invalid", ONCE, answer(200, nested(17))),
    Fault("nested 200,000 deep", "whole JSON", "invalid", ONCE, answer(200, nested(200_000))),
    Fault("200,000 open brackets", "JSON cut in the depth", "invalid", ONCE, answer(200, b"[" * 200_000)),
    Fault("an array", "the document in a list", "invalid", ONCE, says([document()])),
    Fault("a string", "the document in a string", "invalid", ONCE, says(json.dumps(document()))),
    Fault("a number", "`5`", "invalid", ONCE, says(5)),
    Fault("null", "`null`", "invalid", ONCE, says(None)),
    Fault("an empty object", "`{}`", "invalid", ONCE, says({})),
    Fault("compute a list", "in a whole document", "invalid", ONCE, says(document(compute=[]))),
    Fault("network a string", "in a whole document", "invalid", ONCE, says(document(network=""))),
    Fault("interface null", "in a whole document", "ok", ONCE, says(document(network={"interface": None}))),
    Fault("facts of over 4 MiB", "a long name over many leaves", "invalid", ONCE, says(document(compute={"k" * 20_000: {f"a{number}": "" for number in range(300)}}))),
    Fault("interface an object", "in a whole document", "invalid", ONCE, says(document(network={"interface": {}}))),
    Fault("tags a list", "in a whole document", "invalid", ONCE, says(document(compute={"tags": []}))),
    Fault("null network", "compute alone is there", "ok", ONCE, says(document(network=None))),
    Fault("null compute", "network alone is there", "ok", ONCE, says(document(compute=None))),
    Fault("both null", "nothing is there", "invalid", ONCE, says(document(compute=None, network=None))),
    Fault("another VM's document", "`vmId` is not this machine's DMI UUID", "invalid", ONCE, says(document(compute={"vmId": OTHER_VM_ID})), "azure"),
    Fault("no `vmId`", "at 169.254.169.254, where DMI has a UUID", "invalid", ONCE, says(document(compute={"vmSize": "x"})), "azure"),
    Fault("a `vmId` that is a number", "at 169.254.169.254, where DMI has a UUID", "invalid", ONCE, says(document(compute={"vmId": 5})), "azure"),
    Fault("this VM's document", "at 169.254.169.254, `vmId` as in DMI", "ok", ONCE, says(document(compute={"vmId": VM_ID})), "azure"),
]  # fmt: skip

# On a machine of Azure Arc, at 127.0.0.1:40342. What is asked there is trusted for its socket's owner alone.
ARC = [
    Fault("the agent of Azure Arc", "answers in one of its three versions", "ok", ONCE, says(build_arc_document()), "arc"),
    Fault("no version of the agent's is good", "400 without a list, to all three", "rejected", ONCE, answer(400), "arc"),
    Fault("the agent is down", "no program listens at its port", "unreachable", DEADLINE, place="arc, down"),
    Fault("another user at the agent's port", "listens, and is never asked", "unreachable", DEADLINE, says(build_arc_document()), "arc, stranger"),
    Fault("another user after the answer", "has the agent's port by then", "unreachable", DEADLINE, says(build_arc_document()), "arc, swapped"),
]  # fmt: skip

SECTIONS = {
    "Statuses": STATUSES,
    "How long to wait": WAITS,
    "Connections": CONNECTIONS,
    "Lengths and encodings": LENGTHS,
    "Documents": DOCUMENTS,
    "Azure Arc": ARC,
}
MATRIX = [fault for faults in SECTIONS.values() for fault in faults]
# Those that send or unpack to much, for which memory is measured.
LARGE = [
    *(fault for fault in LENGTHS if fault.ends == ONCE),
    *(fault for fault in DOCUMENTS if "200,000" in fault.name or "digits" in fault.name),
    *(fault for fault in STATUSES + CONNECTIONS if "without end" in fault.name),
    *(fault for fault in WAITS if "30,000" in fault.name),
]
