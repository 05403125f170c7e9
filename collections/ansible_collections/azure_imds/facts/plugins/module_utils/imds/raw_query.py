# SPDX-License-Identifier: Apache-2.0
"""Raw queries: one path of IMDS, asked for by name, and its answer as it came."""

from __future__ import annotations

from . import errors, json_body, records, versions
from .cache import INSTANCE, Cache, build_key
from .client import Answer, Client, Negotiation
from .clock import Clock, Deadline
from .document import redact
from .host import Host, choose_host, find_imds
from .retry import Retrier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .reporter import Reporter
    from .settings import Settings
    from .transport import Response, Transport


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
    reporter: Reporter,
    host: Host | None = None,
    clock: Clock | None = None,
) -> RawAnswer:
    """Return an answer as it came, neither cached nor redacted.

    `path` is under `/metadata/instance`, or from the root where it begins with `/`. `text_format`: `json`, `text`, or
    None for JSON and, where IMDS refuses that as it does for a leaf, text. Raises the ImdsError of the outcome.
    """
    full_path = resolve_path(path)
    clock, host = clock or Clock(), host or choose_host()
    deadline = Deadline(settings.timeout, clock)
    settings, _dmi_uuid = find_imds(settings, host)
    cache = Cache(settings.cache_dir, clock=clock, reporter=reporter)
    client = Client(settings.endpoint, open_transport(), deadline=deadline, reporter=reporter)
    client.agent = host.proxy_agent
    if settings.platform == "arc":
        client.refuse_stranger = host.refuse_stranger
    query = _RawQuery(client, full_path, text_format, settings.api_version, settings.platform)
    # The version that this boot's collections negotiated.
    key = build_key(records.replace(settings, api_version=None), INSTANCE, host.read_boot_id())
    query.remembered, _guessed, _lacking = cache.read_findings(key)
    try:
        return Retrier(client).run(query.attempt, accept=query.accept)
    finally:
        client.close()


def resolve_path(path: str) -> str:
    """Return a path from the root, percent-encoded. Raises UsageError for a text that is no path or leads to tokens."""
    from urllib.parse import quote, unquote  # noqa: PLC0415  no collection of facts needs it

    plain = unquote(path)
    segments = plain.lower().split("/")
    if any(mark in path for mark in "?#") or "\\" in plain or not plain.isprintable() or {"..", "."} & set(segments):
        raise errors.UsageError(f"{path!r} is not a path.", hint="Give one such as compute/vmId, without a query.")
    # Anywhere in a segment: a server may overlook a blank, a dot, or what follows a `;`.
    if any("oauth2" in segment for segment in segments):
        raise errors.UsageError(
            "Access tokens cannot be fetched this way.",
            hint="Ask the token endpoint with a library that protects them, such as azure-identity.",
        )
    full_path = path if path.startswith("/") else f"{INSTANCE}/{path}".rstrip("/")
    return quote(unquote(full_path), safe="/-._~")


# Leaves of compute that IMDS serves as text alone, from the field table; asked for so, each costs one request.
_LEAVES = frozenset(
    """
    azEnvironment customData evictionPolicy isHostCompatibilityLayerVm isVmInStandbyPool licenseType location name offer
    osType physicalZone placementGroupId platformFaultDomain platformSubFaultDomain platformUpdateDomain priority
    provider publisher resourceGroupName resourceId sku subscriptionId tags userData version vmId vmScaleSetName vmSize
    zone
    """.split()  # noqa: SIM905  read best so
)


class _PathNegotiation(Negotiation):
    """The choice of the api-version for one path, where a 400 without a list is about the format, not the version."""

    def _is_about_version(self, answer: Answer) -> bool:
        return bool(answer.offered) if answer.status == 400 else super()._is_about_version(answer)


class _RawQuery:
    """One path, asked in the version and the format that IMDS turns out to want."""

    def __init__(self, client: Client, path: str, text_format: str | None, version: str | None, platform: str) -> None:
        self.remembered: str | None = None
        self._client = client
        self._path = path
        self._platform = platform
        parent, _slash, leaf = path.rpartition("/")
        is_leaf = parent == f"{INSTANCE}/compute" and leaf in _LEAVES
        self._format = text_format or ("text" if is_leaf else None)
        is_events = path.lower().startswith("/metadata/scheduledevents")
        # Scheduled events have api-versions of their own.
        self._version = version or (versions.SCHEDULED_EVENTS[0] if is_events else None)
        self._response: Response | None = None

    def attempt(self) -> Answer:
        """Ask, and at once again where another version or format is wanted."""
        negotiation = _PathNegotiation(
            self._client.fetch_versions, pinned=self._version, remembered=self.remembered, platform=self._platform
        )
        answer = self._client.negotiate(self._ask, negotiation)
        if answer.status == 400 and answer.offered == () and self._format is None:
            self._format = "text"
            in_text = self._ask(str(answer.version))
            # A failure of the moment is retried in this format; another 400 was not about it.
            answer = answer if in_text.status == 400 else in_text
        if answer.status == 404 and answer.version in self._list_versions(negotiation):
            # Without a list that names the version, an IMDS that is not ready may be the cause.
            problem = f"404 from an IMDS that knows api-version {answer.version}"
            hint = "There is no such element (case counts); ask for the one above it to see what there is."
            return records.replace(answer, error=errors.RejectedError(problem, hint=hint), is_retried=False)
        return answer

    def _list_versions(self, negotiation: Negotiation) -> list[object]:
        """Return the versions that the server lists; where one is pinned, the negotiation did not ask for them."""
        return (self._client.fetch_versions() if self._version else negotiation.listed) or []

    def accept(self, answer: Answer) -> RawAnswer:
        """Return the answer's body. Raises InvalidError where it cannot be IMDS's."""
        body = self._response.body if self._response else b""
        redact(answer.value)  # raises for a value nested too deep
        json_body.check_size(body)
        content_type = self._response.headers.get("content-type", "") if self._response else ""
        if self._format == "text" and ("html" in content_type or body.lstrip()[:5].lower() in (b"<html", b"<!doc")):
            raise errors.InvalidError("The answer is a page of HTML.", hint="Look for a captive portal or a proxy.")
        return RawAnswer(body=body, is_text=self._format == "text")

    def _ask(self, version: str) -> Answer:
        query = f"&format={self._format}" if self._format else ""
        response = self._client.send(self._path, version, query=query)
        if self._format == "text" and not isinstance(response, errors.UnreachableError) and response.status == 200:
            self._response = response
            return Answer(version=version, status=200)
        answer = self._client.parse(version, response)
        self._response = None if isinstance(response, errors.UnreachableError) or answer.error else response
        return answer
