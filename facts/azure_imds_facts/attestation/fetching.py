# SPDX-License-Identifier: Apache-2.0
"""Intermediate certificates, fetched from where Microsoft publishes them and from nowhere else.

The address stands in the certificate whose issuer is wanted (Authority Information Access), so who forged one chose it:
two hosts, HTTP on port 80, 64 KiB, 5 seconds, no redirect, no proxy. What comes back is trusted only by a root.
"""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from azure_imds_facts.attestation.certificates import parse_certificates, spell_name
from azure_imds_facts.attestation.errors import FormError, IntermediateError, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Resolve = Callable[[str], list[tuple[str, int]]]

HOSTS = ("www.microsoft.com", "caissuers.microsoft.com")
_MOST_BYTES = 64 * 1024
_MOST_HEAD_BYTES = 16 * 1024
_LONGEST_S = 5.0
# A failure is remembered for so long, so that nobody can make this machine ask again and again.
_FAILURE_S = 60.0
_MOST_REMEMBERED = 64
_HINT = "Give the certificate as an intermediate, or let this machine reach the host."


class IssuerFetcher:
    """Fetches issuers' certificates, each once. `resolve`: host name → addresses with ports, for tests."""

    def __init__(self, resolve: Resolve | None = None) -> None:
        self._resolve = resolve or _resolve
        # URL → when, and what came of it.
        self._known: dict[str, tuple[float, x509.Certificate | IntermediateError]] = {}

    def fetch(self, certificate: x509.Certificate) -> x509.Certificate:
        """Return the certificate of the issuer. Raises IntermediateError."""
        url = find_url(certificate)
        since, found = self._known.get(url, (0.0, None))
        if found is None or (isinstance(found, IntermediateError) and time.monotonic() - since > _FAILURE_S):
            try:
                found = _parse_answer(self._ask(url))
            except IntermediateError as failure:
                found = failure
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[url] = (time.monotonic(), found)
        if isinstance(found, IntermediateError):
            raise IntermediateError(found.problem, hint=found.hint)
        return found

    def _ask(self, url: str) -> bytes:
        """Return all that is answered. HTTP/1.0, so that the end of the connection is the end of the answer."""
        deadline = time.monotonic() + _LONGEST_S
        parts = urlsplit(url)
        request = f"GET {parts.path} HTTP/1.0\r\nHost: {parts.hostname}\r\nConnection: close\r\n\r\n"
        try:
            with _connect(self._resolve(str(parts.hostname)), deadline) as connection:
                connection.sendall(request.encode("ascii"))
                return _receive(connection, deadline)
        except OSError as error:
            said = "no answer in time" if isinstance(error, TimeoutError) else str(error.strerror or error)
            raise IntermediateError(f"{url} cannot be fetched: {printable(said)}.", hint=_HINT) from None


def find_url(certificate: x509.Certificate) -> str:
    """Return where a certificate says that its issuer's lies.

    Raises IntermediateError where that is at none of the hosts.
    """
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        access = x509.AuthorityInformationAccess([])
    urls = [
        description.access_location.value
        for description in access
        if description.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(description.access_location, x509.UniformResourceIdentifier)
    ]
    for url in urls:
        if _is_allowed(url):
            return url
    said = f"says {printable(urls[0])}" if urls else "does not say where it is"
    raise IntermediateError(
        f"The issuer of {spell_name(certificate)} is not known, and the certificate {said}; "
        f"only {' and '.join(HOSTS)} are asked, over HTTP.",
        hint="Give its certificate as an intermediate.",
    )


def _is_allowed(url: str) -> bool:
    """Return whether an address is one of Microsoft's, and such that it can be written into a request as it is."""
    if not url.isascii() or not url.isprintable() or " " in url or len(url) > 1000:
        return False
    return any(url.startswith((f"http://{host}/", f"http://{host}:80/")) for host in HOSTS) and "#" not in url


def _resolve(host: str) -> list[tuple[str, int]]:
    found = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
    return [(str(address[0]), 80) for *_kind, address in found][:4]


def _connect(addresses: list[tuple[str, int]], deadline: float) -> socket.socket:
    """Return a connection to the first address that takes one. Raises OSError."""
    failure: OSError = TimeoutError("no address")
    for address in addresses:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            break
        try:
            return socket.create_connection(address, timeout=left_s)
        except OSError as error:
            failure = error
    raise failure


def _receive(connection: socket.socket, deadline: float) -> bytes:
    """Return what is sent until the connection ends. Raises OSError, IntermediateError where it is too much."""
    received = bytearray()
    while True:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        connection.settimeout(left_s)
        part = connection.recv(16 * 1024)
        if not part:
            return bytes(received)
        received += part
        if len(received) > _MOST_HEAD_BYTES + _MOST_BYTES:
            raise IntermediateError("What was fetched is larger than any certificate.", hint=_HINT)


def _parse_answer(answer: bytes) -> x509.Certificate:
    """Return the certificate in an answer. Raises IntermediateError."""
    head, _end, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    status = first.split(" ")[1:2]
    headers = dict(line.lower().split(":", 1) for line in lines if ":" in line)
    length = headers.get("content-length", "").strip()
    if not first.startswith("HTTP/1.") or status != ["200"] or "transfer-encoding" in headers:
        raise IntermediateError(f"The answer to a request for it was {printable(first) or 'empty'}.", hint=_HINT)
    if len(body) > _MOST_BYTES or (length and length != str(len(body))):
        raise IntermediateError("What was fetched was cut, or is larger than any certificate.", hint=_HINT)
    try:
        (certificate,) = parse_certificates(body)
    except (FormError, ValueError):
        raise IntermediateError("What was fetched is no certificate.", hint=_HINT) from None
    return certificate
