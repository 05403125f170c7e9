# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: S101, PT017  a broken promise is an AssertionError here, for which fuzzers look
"""What is fuzzed: each target takes bytes, and raises where the project breaks a promise."""

from __future__ import annotations

import atexit
import contextlib
import datetime as dt
import functools
import json
import math
import re
import shutil
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from azure_imds_facts import requests_transport
from azure_imds_facts.attestation import AttestationError, Trust
from azure_imds_facts.attestation import verify as verify_document
from azure_imds_facts.attestation.certificates import parse_certificate
from azure_imds_facts.attestation.chain import build_chain
from azure_imds_facts.attestation.clouds import find_domain
from azure_imds_facts.attestation.content import parse_content
from azure_imds_facts.commands.show import _rows
from azure_imds_facts.core import transport as core_transport
from azure_imds_facts.core.clock import Clock, Deadline, parse_date
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.document import SENSITIVE
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.local_spelling import spell_local
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.core.statuses import parse_retry_after
from azure_imds_facts.core.transport import DeadlineSocket, HttpTransport, Response, TransportError
from azure_imds_facts.formats import env
from azure_imds_facts.requests_transport import RequestsTransport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.facts import Snapshot

ENDPOINT = "http://127.0.0.1:1"
BOOT_ID = "11111111-2222-4333-8444-555555555555"
ENTRY = "127.0.0.1_1_metadata_instance.negotiated.json"
# So much goes into a socket before anybody reads.
_MOST = 60_000
_DROPPED = {field for fields in SENSITIVE.values() for field in fields}
_NAME = re.compile("azure_imds_[a-z0-9_]+")
GOOD = b'{"compute":{"vmId":"1","vmSize":"live"},"network":{"interface":[]}}'


class _StandingClock(Clock):
    """No waiting, no chance."""

    def __init__(self) -> None:
        self._passed = 1000.0

    def monotonic(self) -> float:
        return self._passed

    boottime = time = monotonic

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self._passed += seconds + 0.001

    def random(self) -> float:
        return 0.5


class _Told(Reporter):
    """Everything that is said has to be fit for a log."""

    def warn(self, message: str) -> None:
        message.encode()

    notice = attempt = warn


class _Fixed:
    """A transport with one answer."""

    def __init__(self, answer: Response) -> None:
        self._answer = answer

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Answer, whatever was asked."""
        assert not body, (url, headers, deadline, method)
        return self._answer

    def close(self) -> None:
        """Nothing is open."""


@functools.lru_cache
def _place() -> Path:
    """A folder with a machine in it and a cache, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "boot_id").write_text(BOOT_ID)
    (folder / "cache").mkdir(mode=0o700)
    return folder


def _collect(answer: Response, **settings: Any) -> Snapshot | None:
    """Return a snapshot, None after an ImdsError; anything else is a finding."""
    asked = build_settings(
        {"endpoint": ENDPOINT, "timeout": 1, "gather": "all", **settings}, {}, cache_dir="/dev/null/none"
    )
    host = Host(boot_id=str(_place() / "boot_id"))
    try:
        return collect(
            asked, open_transport=lambda: _Fixed(answer), host=host, clock=_StandingClock(), reporter=_Told()
        )
    except ImdsError as error:
        str(error).encode()
        assert error.outcome in ("unreachable", "throttled", "unavailable", "rejected", "invalid")
        return None


def _check(snapshot: Snapshot) -> None:
    """Check what every spelling promises."""
    facts = build_facts(snapshot, reporter=_Told())
    spelled = [
        spell_ansible(facts, reporter=_Told()),
        spell_local(facts, reporter=_Told(), with_age=True),
        spell_salt(facts),
    ]
    for each in spelled:
        json.dumps(each, ensure_ascii=False, allow_nan=False).encode()
    assert all(_NAME.fullmatch(name) for name in spelled[0])
    assert list(spelled[2]) == ["azure_imds"]
    _check_redacted({name: value for name, value in facts.items() if name not in ("tags", "tagPairs")})
    assert all(line.startswith("AZURE_IMDS_") for line in re.split("\n", env.format_facts(snapshot, _Told())))
    assert all(text.isprintable() for row in _rows("", spelled[1]) for text in row)


def _check_redacted(value: object) -> None:
    if isinstance(value, dict):
        assert not {key.lower() for key in value} & _DROPPED
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _check_redacted(item)


def document(content: bytes) -> None:
    """A body of `/metadata/instance`."""
    snapshot = _collect(Response(status=200, headers={}, body=content))
    if snapshot:
        _check(snapshot)


def entry(content: bytes) -> None:
    """A file in the cache: what comes of it is a whole snapshot, or IMDS is asked."""
    file = _place() / "cache" / ENTRY
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_bytes(content)
    snapshot = _collect(
        Response(status=200, headers={}, body=GOOD), gather="compute,network,tags", cache_dir=str(file.parent)
    )
    assert snapshot
    assert snapshot.source in ("cache", "imds")
    _check(snapshot)


def wait(content: bytes) -> None:
    """`Retry-After`, and after a line's end `Date`."""
    asked, _, served = content.decode("latin-1").partition("\n")
    seconds = parse_retry_after({"retry-after": asked, "date": served}, now=1e9)
    assert seconds is None or seconds >= 0
    moment = parse_date(asked)
    assert moment is None or math.isfinite(moment)
    _collect(Response(status=429, headers={"retry-after": asked, "date": served}, body=b""))


@functools.lru_cache
def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@contextlib.contextmanager
def _saying(content: bytes) -> Any:
    """Let the next connection of either transport be one on which this is said already."""
    said: list[socket.socket] = []

    def open_socket(_host: str, _port: int, deadline: Deadline) -> DeadlineSocket:
        ours = DeadlineSocket(socket.AF_INET, socket.SOCK_STREAM)
        ours.connect(_listener().getsockname())
        theirs, _ = _listener().accept()
        theirs.sendall(content[:_MOST])
        theirs.shutdown(socket.SHUT_WR)
        said.append(theirs)
        ours.begin_exchange(deadline)
        return ours

    try:
        with (
            mock.patch.object(core_transport, "open_socket", open_socket),
            mock.patch.object(requests_transport, "open_socket", open_socket),
        ):
            yield
    finally:
        for theirs in said:
            theirs.close()


def response(content: bytes) -> None:
    """All that a server sends, read by both transports, which agree on what is an answer and why another is none."""
    ends: list[Response | str] = []
    for transport in (HttpTransport(), RequestsTransport()):
        with _saying(content):
            try:
                ends.append(
                    transport.fetch(f"{ENDPOINT}/metadata/instance", {"Metadata": "true"}, Deadline(5, Clock()))
                )
            except TransportError as error:
                assert "\n" not in str(error)
                ends.append(str(error))
            finally:
                transport.close()
    assert ends[0] == ends[1], ends
    snapshot = _collect(ends[0]) if isinstance(ends[0], Response) else None
    if snapshot:
        _check(snapshot)


# When the documents in the corpus were signed, by keys that are gone.
SIGNED_AT = dt.datetime(2026, 11, 27, 12, 0, tzinfo=dt.timezone.utc)
SIGNED_VM = "0f1e2d3c-4b5a-4697-8879-6a5b4c3d2e1f"


@functools.lru_cache
def _trust() -> Trust:
    folder = Path(__file__).parent / "attested"
    return Trust(()).add(
        trusted=((folder / "root.pem").read_bytes(),), intermediates=((folder / "intermediate.pem").read_bytes(),)
    )


def verify(content: bytes) -> None:
    """A signed document; after the byte 1 only what is signed, after 2 only the signer's certificate.

    Nothing but named errors, and no claim that was not signed.
    """
    try:
        if content[:1] == b"\x01":
            _signed, created, expires = parse_content(content[1:])
            assert created <= expires
        elif content[:1] == b"\x02":
            certificate = parse_certificate(content[1:])
            _cloud, name = find_domain(certificate, None)
            chain = build_chain(certificate, [], trust=_trust(), name=name, moment=SIGNED_AT, fetch_issuer=None)
            assert chain[-1] in _trust().roots
        else:
            claims = verify_document(content, trust=_trust(), at=SIGNED_AT, is_offline=True)
            assert (claims.vm_id, claims.root) == (SIGNED_VM, "Test Root")
    except AttestationError as error:
        str(error).encode()
        assert str(error).isprintable()
        assert error.reason != "attestation"


TARGETS = {"document": document, "response": response, "entry": entry, "wait": wait, "verify": verify}
