# SPDX-License-Identifier: Apache-2.0
"""What users reported: `requests`, on a Salt minion, took answers for good that the command line refused."""

from __future__ import annotations

import json

import pytest
from azure_imds_facts import UnreachableError
from azure_imds_facts.core.transport import HttpTransport
from azure_imds_facts.library import collect
from azure_imds_facts.requests_transport import RequestsTransport

from tests.support.documents import build_document
from tests.support.servers import RawServer, sending

BODY = json.dumps(build_document()).encode()
SIZE = len(BODY)
LENGTH = b"Content-Length: %d\r\n" % SIZE
HEADS = {
    "a length with a plus sign": b"Content-Length: +%d\r\n" % SIZE,
    "a negative length": b"Content-Length: -1\r\n",
    "a length in hexadecimal": b"Content-Length: 0x%x\r\n" % SIZE,
    "a length in superscript": b"Content-Length: \xb2\r\n",
    "a length of 60,000 digits": b"Content-Length: " + b"9" * 60_000 + b"\r\n",
    "a first header that is folded": b" folded: 1\r\n" + LENGTH,
    "a header without a name": b": nothing\r\n" + LENGTH,
}


@pytest.mark.parametrize("transport", [HttpTransport, RequestsTransport])
@pytest.mark.parametrize("name", HEADS)
def test_an_answer_with_a_broken_head_gave_facts(name: str, transport: type[HttpTransport | RequestsTransport]) -> None:
    """An answer that breaks HTTP gives no facts, over either transport."""
    with RawServer(sending(b"HTTP/1.1 200 OK\r\n" + HEADS[name] + b"\r\n" + BODY)) as server:
        opened = transport()
        with pytest.raises(UnreachableError, match=r"an answer (that breaks HTTP|with a broken header)"):
            collect(transport=opened, endpoint=server.url, timeout=0.3, cache_dir="/dev/null/none")
        opened.close()


@pytest.mark.parametrize("transport", [HttpTransport, RequestsTransport])
def test_a_sound_head_gives_facts(transport: type[HttpTransport | RequestsTransport]) -> None:
    """The same answer with a head as it should be gives facts."""
    with RawServer(sending(b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\n" + BODY)) as server:
        opened = transport()
        facts = collect(transport=opened, endpoint=server.url, timeout=2, cache_dir="/dev/null/none")
        opened.close()
    assert facts["compute"]["name"] == "web-01"
