# SPDX-License-Identifier: Apache-2.0
"""Requests to IMDS, one at a time, with the headers that it wants, in the api-version that both sides know."""

from __future__ import annotations

import os

from . import errors, json_body, records, settings, versions
from .transport import TransportError, find_local_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .clock import Deadline
    from .records import JsonObject
    from .reporter import Reporter
    from .transport import Response, Transport


# On every answer that the metadata proxy agent forwards (recorded).
_FORWARDED = "x-ms-azure-host-authorization"


@records.record
class Answer:
    """The end of one attempt: `value` where it was JSON with status 200, else `error` and whether to ask again.

    The error says what came back; `Client.with_context` adds what was tried. `wait_s`: what `Retry-After` asks for,
    None without it. `offered`: the api-versions that a refusal names, None where it is about no version.
    `asked_boottime`: when it was asked for, in seconds since boot. `proxy_agent`: it came through Azure's metadata
    proxy agent.
    """

    version: str | None
    value: Any = None
    error: errors.ImdsError | None = None
    is_retried: bool = False
    wait_s: float | None = None
    local_address: str | None = None
    proxy_agent: bool = False
    status: int | None = None
    offered: tuple[object, ...] | None = None
    url: str = ""
    asked_boottime: float = 0.0


class Client:
    """Requests to one endpoint under one deadline. Every end is an Answer; nothing is raised."""

    # One attempt must not take a boot's whole budget.
    longest_attempt_s = 30.0
    # Where Azure's metadata proxy agent would be, if anything looks for it, and whether it is still without a key, so
    # that a refusal may pass.
    agent = ""
    is_agent_pending: Callable[[], bool] = bool
    # Raises TransportError, before a request and after it, where another user's program may be what answers.
    refuse_stranger: Callable[[], object] = str

    def __init__(
        self,
        endpoint: str,
        transport: Transport,
        *,
        deadline: Deadline,
        reporter: Reporter,
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self.deadline = deadline
        self.reporter = reporter
        self.attempts = 0
        self._url = endpoint
        # The last complete answer, where it was a failure: it names the outcome.
        self.last_refusal: Answer | None = None

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def with_context(self, answer: Answer) -> errors.ImdsError | None:
        """Return an answer's error, with what has been tried up to now."""
        error = answer.error
        return error and type(error)(self.describe_attempts(error.problem, url=answer.url), hint=error.hint)

    def describe_attempts(self, came_back: str, *, url: str = "") -> str:
        """Return a sentence about what was tried and what came back; `url` where that was not the last one asked."""
        times = "1 request" if self.attempts == 1 else f"{self.attempts} requests"
        asked = f"{url or self._url}, {times} in {self.deadline.elapsed:.1f} s"
        return f"Asked {asked}; what came back: {came_back.rstrip('.')}."

    def negotiate(self, ask: Callable[[str], Answer], negotiation: Negotiation) -> Answer:
        """Ask once, and at once again in another api-version while the answers are about the version."""
        while True:
            answer = ask(negotiation.version)
            if answer.status is not None:
                self.last_refusal = answer if answer.error else None
            if not negotiation.consider(answer):
                return answer

    def fetch_versions(self) -> list[object] | None:
        """Return what `/metadata/versions` lists, `[]` where IMDS has no such page, None where it could not answer."""
        answer = self.fetch("/metadata/versions", None)
        if isinstance(answer.value, dict) and isinstance(answer.value.get("apiVersions"), list):
            return list(answer.value["apiVersions"])
        return None if answer.is_retried else []

    def fetch(self, path: str, version: str | None, *, empty: Any = None) -> Answer:
        """Ask for a path once, and parse the answer as JSON; `empty`: the value of an empty body, None for an error."""
        return self.parse(version, self.send(path, version), empty=empty)

    def send(
        self, path: str, version: str | None, *, query: str = "", method: str = "GET", body: bytes = b""
    ) -> Response | errors.UnreachableError:
        """Send one request, and return the response as it came. A `body` is JSON."""
        url = self._url = self._endpoint + path + (f"?api-version={version}" if version else "") + query
        # A random GUID, by which Microsoft's support can find a request.
        request_id = "-".join(os.urandom(size).hex() for size in (4, 2, 2, 2, 6))
        headers = {
            "Metadata": "true",
            "User-Agent": f"azure-imds-facts/{versions.VERSION}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "x-ms-client-request-id": request_id,
        }
        if body:
            headers["Content-Type"] = "application/json"
        self._asked_boottime = self.deadline.clock.boottime()
        deadline = self.deadline.within(self.longest_attempt_s)
        try:
            self.refuse_stranger()
            self.attempts += 1
            response = self._transport.fetch(url, headers, deadline, method=method, body=body)
            self.refuse_stranger()
        except TransportError as error:
            self.reporter.attempt(f"{method} {url} ({request_id}): {error}")
            from .statuses import choose_hint  # noqa: PLC0415  IMDS answers as a rule

            return errors.UnreachableError(str(error), hint=choose_hint(self._endpoint))
        self.reporter.attempt(f"{method} {url} ({request_id}): {response.status}, {len(response.body)} bytes")
        return response

    def parse(self, version: str | None, response: Response | errors.UnreachableError, *, empty: Any = None) -> Answer:
        """Return the answer in a response; `empty` as in `fetch`."""
        if isinstance(response, errors.UnreachableError):
            return Answer(version=version, error=response, is_retried=True, url=self._url)
        common: JsonObject = {
            "version": version,
            "status": response.status,
            **self._find_source(response),
            "url": self._url,
            "asked_boottime": self._asked_boottime,
        }
        if response.status == 200:
            if empty is not None and not response.body.strip():
                return Answer(value=empty, **common)
            try:
                return Answer(value=json_body.parse_json(response.body), **common)
            except errors.InvalidError as error:
                return Answer(error=error, is_retried=error.is_broken_json, **common)
        from . import statuses  # noqa: PLC0415  IMDS answers 200 as a rule

        meaning = statuses.classify_status(response.status, response.body)
        explained = None
        if settings.is_azure_address(self._endpoint):
            explained = statuses.explain_refusal(response.status, response.body, agent=self.agent)
        is_retried = meaning.is_retried or (explained is not None and self.is_agent_pending())
        said, offered = statuses.parse_error_body(response.body)
        return Answer(
            error=meaning.error(f"{response.status} ({meaning.label}){said}", hint=explained or meaning.hint),
            is_retried=is_retried,
            wait_s=statuses.parse_retry_after(response.headers, now=self.deadline.clock.time())
            if meaning.is_retried
            else None,
            offered=offered,
            **common,
        )

    def _find_source(self, response: Response) -> JsonObject:
        """Return this side's address, and whether the metadata proxy agent stands between.

        The agent redirects TCP to loopback, and leaves UDP alone: that shows the address that would be used.
        """
        address = response.local_address
        is_redirected = settings.is_azure_address(self._endpoint) and (address or "").startswith("127.")
        if is_redirected:
            address = find_local_address("169.254.169.254") or address
        return {"local_address": address, "proxy_agent": is_redirected or _FORWARDED in response.headers}


class Negotiation:
    """The choice of the api-version for the next request, from the answers to those before.

    `pinned`: the only version to ask for. `remembered`: a version that worked before, to start with instead of the
    newest. `platform`: whose versions they are, `vm` or `arc`, which is asked in its three alone, whatever a refusal
    lists. `fetch_listed` asks the server for its list: `[]` where it has none, None where it could not answer.
    """

    def __init__(
        self,
        fetch_listed: Callable[[], list[object] | None],
        *,
        pinned: str | None = None,
        remembered: str | None = None,
        platform: str = "vm",
    ) -> None:
        newest, self._fallbacks = versions.PLATFORMS[platform]
        self.version = pinned or remembered or newest
        # What the server lists, as far as it was asked.
        self.listed: list[object] | None = None
        # The version was chosen without a list.
        self.is_guess = False
        self.is_pinned = pinned is not None
        self._fetch_listed = fetch_listed
        self._has_asked_list = platform == "arc"  # it has none
        self._refused = set(versions.KNOWN).difference(self._fallbacks) if platform == "arc" else set()
        self._offered: set[object] = {remembered}

    def consider(self, answer: Answer) -> bool:
        """Note an answer to a request in `version`; return whether to ask again at once, in the new `version`."""
        is_failure = answer.error is not None and not self.is_pinned
        return is_failure and self._is_about_version(answer) and self._refuse(answer)

    def _is_about_version(self, answer: Answer) -> bool:
        """Return whether the version may be the cause of a failure.

        An unknown version got 400, 404 (Azure Government) or 500 (Azure Stack Hub). An answer that says when to ask
        again is about the service instead.
        """
        if answer.status == 400:
            return answer.offered is not None
        return answer.status in (404, 500) and answer.wait_s is None

    def _refuse(self, answer: Answer) -> bool:
        """Return whether there is another version to ask for."""
        self._refused.add(self.version)
        offered = [name for name in answer.offered or () if isinstance(name, str)]
        self._offered.update(offered)
        self.is_guess = False
        version = versions.choose_version(self._offered if offered else (), self._refused)
        if not version:
            listed = self._fetch_list() or []
            if self._is_known(answer, listed):
                return False  # something else is the cause
            version = versions.choose_version(listed, self._refused)
            self.is_guess = not version
            version = version or versions.choose_version(self._fallbacks, self._refused)
        self.version = version or self.version
        return version is not None

    def _is_known(self, answer: Answer, listed: list[object]) -> bool:
        """Return whether the server knows the version that it refused."""
        if answer.status == 400:
            return self.version in listed
        return versions.choose_version(listed, ()) == self.version if listed else self.version in self._offered

    def _fetch_list(self) -> list[object] | None:
        if not self._has_asked_list:
            self.listed = self._fetch_listed()
            self._has_asked_list = True
        return self.listed
