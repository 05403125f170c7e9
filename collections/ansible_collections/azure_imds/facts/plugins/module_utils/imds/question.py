# SPDX-License-Identifier: Apache-2.0
"""Put one raw question to IMDS, for somebody who asked for that path."""

from __future__ import annotations

from . import errors, records, versions
from .asking import Asking
from .cache import Cache, Key
from .client import Answer, Client
from .clock import Clock, Deadline
from .document import MAX_BODY, redact
from .host import Host, detect_azure
from .settings import DISABLED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .settings import Settings
    from .transport import Response, Transport

_ROOT = "/metadata/instance"


@records.record
class RawAnswer:
    """An answer's body as it came; `is_text` where text was asked for rather than JSON."""

    body: bytes
    is_text: bool


def fetch_path(
    settings: Settings,
    path: str,
    *,
    text_format: str | None,
    open_transport: Callable[[], Transport],
    reporter: errors.Reporter,
    host: Host | None = None,
    clock: Clock | None = None,
) -> RawAnswer:
    """Return an answer as it came, neither cached nor redacted.

    `path` is under `/metadata/instance`, or from the root where it begins with `/`. `text_format`: `json`, `text`, or
    None for JSON and, where IMDS refuses that as it does for a leaf, text. Raises the ImdsError of the outcome.
    """
    full_path = resolve_path(path)
    if settings.is_disabled:
        raise errors.NotAzureError(f"{DISABLED} is set, so nothing was asked.", hint="Unset it to ask.")
    clock, host = clock or Clock(), host or Host()
    deadline = Deadline(settings.timeout, clock)
    if settings.detect == "auto":
        detect_azure(host)
    cache = Cache(settings.cache_dir, clock=clock, reporter=reporter)
    client = Client(settings.endpoint, open_transport(), deadline=deadline, reporter=reporter)
    question = _Question(client, full_path, text_format, settings.api_version)
    question.remembered = _read_remembered(cache, settings, host)
    try:
        return Asking(client, cache).ask(question.attempt, key=None, look=lambda: None, accept=question.accept)
    finally:
        client.close()


def resolve_path(path: str) -> str:
    """Return a path from the root, percent-encoded. Raises UsageError for what is no path, or leads to tokens."""
    from urllib.parse import quote, unquote  # noqa: PLC0415  not on the way to any fact

    plain = unquote(path)
    segments = plain.lower().split("/")
    if any(mark in path for mark in "?#") or "\\" in plain or not plain.isprintable() or {"..", "."} & set(segments):
        raise errors.UsageError(
            f"{path!r} is not a path.", hint="Give one such as compute/vmId; flags hold what else there is."
        )
    # Whatever stands beside it: a server may overlook a blank, a dot, or what follows a `;`.
    if any("oauth2" in segment for segment in segments):
        raise errors.UsageError(
            "Access tokens are not to be had with this command.",
            hint="Ask the token endpoint with a library that keeps them, such as azure-identity.",
        )
    full_path = path if path.startswith("/") else f"{_ROOT}/{path}".rstrip("/")
    return quote(unquote(full_path), safe="/-._~")


def _read_remembered(cache: Cache, settings: Settings, host: Host) -> str | None:
    """Return the api-version that was negotiated in this boot."""
    key = Key(endpoint=settings.endpoint, path=_ROOT, asked="negotiated", boot_id=host.read_boot_id() or "")
    entry = cache.read(key) if key.boot_id else None
    return entry.api_version if entry and entry.api_version in versions.KNOWN else None


class _Question:
    """One path, asked in the version and the format that IMDS turns out to want."""

    def __init__(self, client: Client, path: str, text_format: str | None, version: str | None) -> None:
        self.remembered: str | None = None
        self._client = client
        self._path = path
        self._format = text_format
        self._version = version
        self._response: Response | None = None

    def attempt(self) -> Answer:
        """Ask, and at once anew where another version or format is wanted."""
        version = self._version or self._own_version()
        answer = self._client.negotiate(self._ask, version, remembered=self.remembered)
        if answer.status == 400 and answer.offered is None and self._format is None:
            self._format = "text"
            in_text = self._ask(str(answer.version))
            answer = in_text if in_text.error is None else answer
        if answer.status == 404 and answer.version in (self._client.listed or ()):
            # Else it may be the version that there is not, or an IMDS that is not ready.
            problem = f"404 from an IMDS that knows api-version {answer.version}"
            hint = "There is no such element (case counts); ask for what stands above it to see what there is."
            return records.replace(answer, error=errors.RejectedError(problem, hint=hint), is_retried=False)
        return answer

    def accept(self, answer: Answer) -> RawAnswer:
        """Return what came. Raises InvalidError where it cannot be IMDS's."""
        body = self._response.body if self._response else b""
        redact(answer.value)  # raises for what is nested too deep
        if len(body) > MAX_BODY:
            raise errors.InvalidError(
                "The answer is over 1 MiB, which no IMDS document is.", hint="Look for what else answers."
            )
        if self._format == "text" and self._response and "html" in self._response.headers.get("content-type", ""):
            raise errors.InvalidError("The answer is a page of HTML.", hint="Look for a captive portal or a proxy.")
        return RawAnswer(body=body, is_text=self._format == "text")

    def _own_version(self) -> str | None:
        """Scheduled events have api-versions of their own."""
        return versions.SCHEDULED_EVENTS[0] if self._path.lower().startswith("/metadata/scheduledevents") else None

    def _ask(self, version: str) -> Answer:
        query = f"&format={self._format}" if self._format else ""
        response = self._client.send(self._path, version, query)
        if self._format == "text" and not isinstance(response, errors.UnreachableError) and response.status == 200:
            self._response = response
            return Answer(version=version, status=200)
        answer = self._client.read(version, response)
        self._response = None if isinstance(response, errors.UnreachableError) or answer.error else response
        return answer
