# SPDX-License-Identifier: Apache-2.0
"""One POST to a master's hook: over TLS that is verified, without a proxy, without a redirect, until a deadline."""

from __future__ import annotations

import http.client
import socket
import ssl
from urllib.parse import urlsplit

from azure_imds_facts.core.errors import (
    ImdsError,
    RejectedError,
    UnavailableError,
    UnreachableError,
    UsageError,
)
from azure_imds_facts.core.reporter import mask_credentials, printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from azure_imds_facts.core.clock import Deadline
    from azure_imds_facts.core.reporter import Reporter

_WAIT_S = 2.0
_LONGEST_S = 10.0
_MOST_ANSWER = 4096


def check_hook(url: str, *, ca: str | None) -> None:
    """Raise UsageError for what `post_json` could not send to. Nothing is asked."""
    _parse_url(url)
    _build_context(ca)


def post_json(url: str, body: bytes, *, ca: str | None, deadline: Deadline, reporter: Reporter) -> None:
    """Send JSON, again and again while the master cannot be reached. Raises the ImdsError of the outcome."""
    host, port, path = _parse_url(url)
    context = _build_context(ca)
    reported = ""
    while True:
        error = _post_once((host, port, path), body, context=context, deadline=deadline)
        if error is None:
            return
        if isinstance(error, RejectedError) or deadline.remaining <= _WAIT_S:
            raise error
        if error.problem != reported:
            reported = error.problem
            reporter.notice(f"{error.problem} Trying again for up to {deadline.remaining:.0f} s.")
        deadline.clock.sleep(_WAIT_S)


def _parse_url(url: str) -> tuple[str, int, str]:
    """Return host, port and path. Raises UsageError."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
    except ValueError:
        parts, port = urlsplit(""), 443
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.fragment or not is_plain:
        shown = printable(mask_credentials(url))
        raise UsageError(
            f"--url cannot be {shown!r}.", hint="Give the hook as https://HOST:PORT/hook/azure-imds/enrol."
        )
    return parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _build_context(ca: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ssl.SSLError) as error:
        said = printable(str(error.strerror or error), most=200).lower()
        raise UsageError(
            f"--ca {printable(str(ca))} cannot be used: {said}.", hint="Give certificates in PEM."
        ) from None


def _post_once(
    place: tuple[str, int, str], body: bytes, *, context: ssl.SSLContext, deadline: Deadline
) -> ImdsError | None:
    """Send it once; return why it did not arrive, None where it did."""
    host, port, path = place
    where = f"https://{host}:{port}{path}"
    timeout = max(0.1, min(_LONGEST_S, deadline.remaining))
    connection = http.client.HTTPSConnection(host, port, timeout=timeout, context=context)
    try:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        response.read(_MOST_ANSWER)
    except ssl.SSLCertVerificationError as error:
        said = printable(error.verify_message or "not trusted", most=200)
        return RejectedError(f"The master's certificate at {where} cannot be trusted: {said}.", hint="Give its --ca.")
    except (OSError, http.client.HTTPException, socket.timeout) as error:
        said = printable(getattr(error, "strerror", None) or str(error) or "no answer in time", most=200)
        return UnreachableError(f"{where} cannot be reached: {said}.", hint="Check that salt-api runs there.")
    finally:
        connection.close()
    if response.status == 200:
        return None
    said = f"{where} answered {response.status}."
    if response.status >= 500:
        return UnavailableError(said, hint="Look at the log of salt-api.")
    return RejectedError(said, hint="Check the URL, and that salt-api lets hooks in without a login.")
