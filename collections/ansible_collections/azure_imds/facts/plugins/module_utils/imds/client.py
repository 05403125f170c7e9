# SPDX-License-Identifier: Apache-2.0
"""Ask IMDS: one attempt at a time, with the headers it wants, and the api-version that it knows."""

from __future__ import annotations

import json
import os

from . import body, clock, errors, records, settings, transport, versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


# One attempt must not eat a boot's whole patience; cloud-init reads for as long.
_LONGEST_ATTEMPT_S = 30.0
_HINT_ELSEWHERE = "Check that IMDS is served at this endpoint."
_HINT = "Check that this is an Azure VM whose primary network interface is up and has a route to 169.254.169.254."


@records.record
class Answer:
    """One attempt's end: `value` where it was JSON with status 200, else `error` and whether to ask again.

    The error says what came back alone; `Client.told` adds what was tried. `wait_s`: what `Retry-After` asks for, None
    where it does not.
    """

    version: str | None
    value: Any = None
    error: errors.ImdsError | None = None
    is_retried: bool = False
    wait_s: float | None = None
    local_address: str | None = None
    status: int | None = None
    offered: tuple[object, ...] | None = None
    url: str = ""


class Client:
    """Asks one endpoint under one deadline. It raises nothing but programming errors: every end is an Answer."""

    def __init__(
        self,
        endpoint: str,
        transport: transport.Transport,
        *,
        deadline: clock.Deadline,
        reporter: errors.Reporter,
    ) -> None:
        self._endpoint = endpoint
        self._transport = transport
        self.deadline = deadline
        self.reporter = reporter
        self.attempts = 0
        self._url = endpoint
        # The last answer that was whole and no good: it names the outcome.
        self.last_refusal: Answer | None = None
        self._refused: set[str] = set()
        self._offered: set[object] = set()
        self._has_asked_versions = False
        # What `/metadata/versions` lists, as far as it was asked for.
        self.listed: list[object] | None = None

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()

    def told(self, answer: Answer) -> errors.ImdsError | None:
        """Return an answer's error, with what has been tried up to now."""
        error = answer.error
        return error and type(error)(self.tell(error.problem, url=answer.url), hint=error.hint)

    def negotiate(self, ask: Callable[[str], Answer], version: str | None, *, remembered: str | None = None) -> Answer:
        """Ask once in an api-version, and at once anew where the answer says that the version was the trouble.

        `ask` is called with a version. `version` None: start from `remembered` or the newest known and negotiate.
        """
        asked: str | None = version or remembered or versions.NEWEST
        self._refused = set()
        self._offered = {remembered}
        self._has_asked_versions, self.listed = False, None
        is_guess = False
        while True:
            answer = ask(str(asked))
            if answer.status is not None:
                self.last_refusal = answer if answer.error else None
            if version:
                return answer
            self._offered.update(name for name in answer.offered or () if isinstance(name, str))
            if answer.value is not None and is_guess:
                # The list could not be had when it was wanted; now that IMDS answers, it may name a newer version.
                is_guess, self._has_asked_versions = False, False
                better = versions.choose_version(self._fetch_versions() or (), ())
                if better and better > str(asked):
                    asked = better
                    continue
            if answer.value is not None or not self._is_version_trouble(answer):
                return answer
            self._refused.add(str(asked))
            asked, is_guess = self._choose_next(answer, str(asked))
            if asked is None:
                return answer

    def fetch(self, path: str, version: str | None) -> Answer:
        """Ask for a path once, and read the answer as JSON."""
        return self.read(version, self.send(path, version))

    def send(self, path: str, version: str | None, query: str = "") -> transport.Response | errors.UnreachableError:
        """Ask for a path once, and return what came as it is."""
        url = self._endpoint + path + (f"?api-version={version}" if version else "") + query
        # A random GUID, by which Microsoft's support can find a request.
        request_id = "-".join(os.urandom(size).hex() for size in (4, 2, 2, 2, 6))
        self._url = url
        headers = {
            "Metadata": "true",
            "User-Agent": f"azure-imds-facts/{versions.VERSION}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "x-ms-client-request-id": request_id,
        }
        self.attempts += 1
        try:
            response = self._transport.fetch(url, headers, self.deadline.within(_LONGEST_ATTEMPT_S))
        except transport.TransportError as error:
            self.reporter.attempt(f"GET {url} ({request_id}): {error}")
            return errors.UnreachableError(
                str(error), hint=_HINT if self._endpoint == settings.DEFAULT_ENDPOINT else _HINT_ELSEWHERE
            )
        self.reporter.attempt(f"GET {url} ({request_id}): {response.status}, {len(response.body)} bytes")
        return response

    def read(self, version: str | None, response: transport.Response | errors.UnreachableError) -> Answer:
        """Read what came."""
        if isinstance(response, errors.UnreachableError):
            return Answer(version=version, error=response, is_retried=True, url=self._url)
        common: records.JsonObject = {
            "version": version,
            "status": response.status,
            "local_address": response.local_address,
            "url": self._url,
        }
        if response.status == 200:
            try:
                return Answer(value=body.parse_json(response.body), **common)
            except errors.InvalidError as error:
                return Answer(error=error, is_retried=error.is_broken_json, **common)
        from . import statuses  # noqa: PLC0415  IMDS answers 200 as a rule

        meaning = statuses.meaning_of(response.status)
        said, offered = _read_error_body(response.body)
        came_back = f"{response.status} ({meaning.sense}){said}"
        wait_s = parse_retry_after(response.headers, now=self.deadline.clock.time()) if meaning.is_retried else None
        return Answer(
            error=meaning.error(came_back, hint=meaning.hint),
            is_retried=meaning.is_retried,
            wait_s=wait_s,
            offered=offered,
            **common,
        )

    def tell(self, came_back: str, *, url: str = "") -> str:
        """Say what was tried so far and what came back, as a sentence; `url` where that was not the last one asked."""
        times = "1 request" if self.attempts == 1 else f"{self.attempts} requests"
        asked = f"{url or self._url}, {times} in {self.deadline.elapsed:.1f} s"
        return f"Asked {asked}; what came back: {came_back.rstrip('.')}."

    @staticmethod
    def _is_version_trouble(answer: Answer) -> bool:
        """A version that a cloud does not know got 400 with a list, 404 (Azure Government) or 500 (Azure Stack Hub).

        Not so an answer that says when to come back: then that, and not the version, is the trouble.
        """
        if answer.status == 400:
            return answer.offered is not None
        return answer.status in (404, 500) and answer.wait_s is None

    def _choose_next(self, answer: Answer, asked: str) -> tuple[str | None, bool]:
        """Return the version to ask for next, None where there is none, and whether it is a guess without a list."""
        is_about_version = answer.status == 400
        offered = versions.choose_version(self._offered if is_about_version else answer.offered or (), self._refused)
        if offered:
            return offered, False
        listed = self._fetch_versions()
        is_known = versions.choose_version(listed, ()) == asked if listed else asked in self._offered
        if is_known and not is_about_version:
            return None, False  # IMDS knows this version: the trouble is another, and passes or does not
        best = versions.choose_version(listed or (), self._refused)
        return best or versions.choose_version(versions.FALLBACKS, self._refused), listed is None

    def _fetch_versions(self) -> list[object] | None:
        """Return what `/metadata/versions` lists, `[]` where IMDS has no such page, None where it could not say.

        It is asked once in an attempt.
        """
        if not self._has_asked_versions:
            answer = self.fetch("/metadata/versions", None)
            self._has_asked_versions = True
            self.listed = None if answer.is_retried else []
            if isinstance(answer.value, dict) and isinstance(answer.value.get("apiVersions"), list):
                self.listed = list(answer.value["apiVersions"])
        return self.listed


def _read_error_body(content: bytes) -> tuple[str, tuple[object, ...] | None]:
    """Return what an error's body says, ready to stand behind its status, and the versions that it offers.

    Nothing but the text of `error` is shown: a body can hold anything.
    """
    try:
        value = body.parse_json(content)
    except errors.InvalidError:
        return "", None
    said, offered = (value.get("error"), value.get("newest-versions")) if isinstance(value, dict) else (None, None)
    shown = json.dumps(errors.printable(said, most=160), ensure_ascii=False) if said and isinstance(said, str) else ""
    return f": {shown}" if shown else "", tuple(offered) if isinstance(offered, list) else None


# IMDS allows five requests a second: a first wait of at least 0.1 s that doubles up to a second stays far below, and an
# outage that ends is noticed within the second.
_FIRST_S = 0.2
_LONGEST_S = 1.0


def parse_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, as a number or a date (RFC 9110, 10.2.3), None without it.

    A date is counted from the server's own `Date` where there is one, since this machine's clock may not be set yet.
    What is neither is no wish at all. Seconds without end come back as infinity.
    """
    asked = headers.get("retry-after", "").strip()
    if asked.isdigit() and asked.isascii():
        return float(asked) if len(asked) < 10 else float("inf")
    moment = clock.parse_date(asked)
    if moment is None:
        return None
    served = clock.parse_date(headers.get("date", ""))
    return max(0.0, moment - (now if served is None else served))


def backoff(failures: int, *, random: float) -> float:
    """Return the seconds to wait after so many failures in a row; `random` is from 0 to 1."""
    return float(min(_LONGEST_S, _FIRST_S * 2 ** min(failures - 1, 10)) * (0.5 + random / 2))
