# SPDX-License-Identifier: Apache-2.0
"""Ask IMDS for scheduled events, and approve them: an endpoint with api-versions of its own, which takes POST too."""

from __future__ import annotations

import json

from . import errors, records, versions
from .asking import choose_wait
from .client import Answer, Client
from .clock import Clock, Deadline
from .event_versions import Negotiation
from .events import parse_timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Protocol, TypeVar

    from .events import Event, Timeline
    from .transport import Response, Transport

    T = TypeVar("T")

    class PostingTransport(Transport, Protocol):
        """A transport that posts as well; both of ours do."""

        def fetch(self, url: str, headers: Mapping[str, str], deadline: Deadline, *, body: bytes = b"") -> Response:
            """GET a URL, or POST where there is a body."""


PATH = "/metadata/scheduledevents"
# The first request ever switches the service on for the VM, which takes up to two minutes (documented).
SWITCH_ON_S = 120.0
# Once it has answered, it answers within milliseconds: one that hangs is given up before a Preempt's 30 s have passed.
_AFTERWARDS_S = 5.0


class EventClient:
    """Scheduled events at one endpoint. It keeps the api-version that was found, and keeps its requests apart.

    `transport_factory` makes the transport when it is first needed. `timeout_s` bounds each call, retries included;
    `spacing_s` is the least time from one request to the next, for a VM has five a second in all.
    Raises UsageError for an api-version that scheduled events do not have, as are most of the instance's.
    """

    def __init__(
        self,
        endpoint: str,
        transport_factory: Callable[[], PostingTransport],
        *,
        api_version: str | None = None,
        timeout_s: float = SWITCH_ON_S + 30.0,
        clock: Clock | None = None,
        reporter: errors.Reporter | None = None,
        spacing_s: float = 0.25,
    ) -> None:
        if api_version is not None and api_version not in versions.SCHEDULED_EVENTS:
            given = errors.printable(str(api_version))
            raise errors.UsageError(
                f"Scheduled events have no api-version {given!r}; theirs are not the instance's.",
                hint=f"Give one of {', '.join(versions.SCHEDULED_EVENTS)}, or none.",
            )
        self._endpoint = endpoint
        self._transport_factory = transport_factory
        self._transport: PostingTransport | None = None
        self._timeout_s = timeout_s
        self._spacing_s = spacing_s
        self._reporter = reporter or errors.Reporter()
        self._versions = Negotiation((api_version,) if api_version else versions.SCHEDULED_EVENTS)
        self._asked_at: float | None = None
        self._attempts = 0
        # What the last answer's `Retry-After` asked for.
        self.retry_after_s: float | None = None
        self.clock = clock or Clock()
        self.has_answered = False

    @property
    def version(self) -> str:
        """The api-version that is asked for."""
        return self._versions.version

    def close(self) -> None:
        """Close the connection, where one is kept."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def fetch_timeline(self) -> Timeline:
        """Return what there is now, asking again until `timeout_s` where that can help.

        Raises the ImdsError of the last answer: RejectedError where IMDS knows none of the api-versions.
        """
        self._attempts = 0
        return self._insist(self._ask, Deadline(self._timeout_s, self.clock))

    def approve(
        self,
        event_id: str,
        *,
        timeline: Timeline | None = None,
        timeout_s: float | None = None,
        is_patient: bool = True,
    ) -> bool:
        """Let an event start now; return True, or False where it had started already.

        `timeline` saves a request to whoever has just asked. It may be repeated. All VMs among the event's `resources`
        are affected. `is_patient` False: ask once, whoever calls this comes back. Raises RejectedError where IMDS does
        not list the event (any more), else as `fetch_timeline` does.
        """
        self._attempts = 0
        deadline = Deadline(timeout_s or self._timeout_s, self.clock)
        event = find_event(event_id, timeline or self._insist(self._ask, deadline))
        if event.is_started:
            return False
        body = json.dumps({"StartRequests": [{"EventId": event.event_id}]}).encode()

        def post(deadline: Deadline) -> tuple[Answer, bool]:
            client = self._make_client(deadline, body)
            response = client.send(PATH, self.version)
            if getattr(response, "status", None) == 200:
                return Answer(version=self.version, status=200), True
            answer = client.read(self.version, response)
            if answer.status == 400:
                raise _gone(event_id, client.tell("400 to its approval"))
            return answer, False

        return self._insist(post, deadline, is_patient=is_patient)

    def ask_once(self) -> tuple[Answer, Timeline | None]:
        """Make one request, of no more than a few seconds once IMDS has answered; return its end and what it brought.

        Without a timeline the answer holds the error. While the api-version is looked for there may be neither.
        """
        self._attempts = 0
        answer, timeline = self._ask(Deadline(self._timeout_s, self.clock))
        return records.replace(answer, error=self._client.told(answer)), timeline

    def _ask(self, deadline: Deadline) -> tuple[Answer, Timeline | None]:
        client = self._make_client(deadline.within(_AFTERWARDS_S) if self.has_answered else deadline)
        answer = client.fetch(PATH, self.version)
        self.has_answered = self.has_answered or answer.error is None
        error = answer.error
        if error is None:
            try:
                timeline = parse_timeline(answer.value)
            except errors.InvalidError as broken:
                error = errors.InvalidError(broken.problem, hint="Look for what else answers at this endpoint.")
                return records.replace(answer, value=None, error=error), None
            return answer, timeline if self._versions.accept() else None
        if answer.status not in (400, 404):
            return answer, None
        hint = "This IMDS offers no scheduled events, as Azure Stack Hub's. Check the endpoint and --api-version."
        refused = records.replace(answer, error=errors.RejectedError(error.problem, hint=hint), is_retried=False)
        if self._versions.refuse():
            self._refused = refused
            return records.replace(answer, error=None), None
        return (answer if answer.status == 400 or self.has_answered else refused), None

    def _insist(
        self,
        attempt: Callable[[Deadline], tuple[Answer, T | None]],
        deadline: Deadline,
        *,
        is_patient: bool = True,
    ) -> T:
        """Repeat an attempt until it brings something, its error is final, or the deadline passes."""
        failures = 0
        told = ""
        last: Answer | None = None
        while True:
            answer, found = attempt(deadline)
            if found:
                return found
            if last is None or answer.status is not None:
                last = answer
            self.retry_after_s = answer.wait_s
            error = answer.error
            spacing_s = self._spacing_left_s()
            if error is None and deadline.remaining > spacing_s:
                continue  # the next api-version
            failures += 1
            wait_s = choose_wait(answer, failures, deadline, least_s=spacing_s) if is_patient else None
            if error is None or wait_s is None or wait_s < spacing_s:
                raise self._final(last)
            if error.outcome != told:
                told = error.outcome
                tried = self._client.tell(error.problem)
                self._reporter.notice(f"{tried} Asking again for up to {deadline.remaining:.1f} s.")
            self.clock.sleep(wait_s)

    def _final(self, last: Answer) -> errors.ImdsError:
        """Return the error of the last complete answer, which names the outcome."""
        error = self._client.told(last if last.error else self._refused)
        return error or errors.UnavailableError("IMDS gave no answer.")

    def _spacing_left_s(self) -> float:
        """Seconds until the next request may be made."""
        left = 0.0 if self._asked_at is None else self._asked_at + self._spacing_s - self.clock.monotonic()
        return max(0.0, left)

    def _make_client(self, deadline: Deadline, body: bytes = b"") -> Client:
        """A client for one request, once the time for it has come."""
        wait_s = self._spacing_left_s()
        if wait_s > 0:
            self.clock.sleep(wait_s)
        self._asked_at = self.clock.monotonic()
        transport = self._transport = self._transport or self._transport_factory()
        reporter = self._reporter
        if body is not None:
            transport, reporter = _Posts(transport, body), _TellsOfPosts(reporter)
        client = self._client = Client(self._endpoint, transport, deadline=deadline, reporter=reporter)
        client.attempts = self._attempts
        self._attempts += 1
        return client


class _Posts:
    """A transport of which every request carries a body."""

    def __init__(self, transport: PostingTransport, body: bytes) -> None:
        self._transport = transport
        self._body = body

    def fetch(self, url: str, headers: Mapping[str, str], deadline: Deadline, *, body: bytes = b"") -> Response:
        """POST to a URL."""
        headers = {**headers, "Content-Type": "application/json"}
        return self._transport.fetch(url, headers, deadline, body=body or self._body)

    def close(self) -> None:
        """Let go of connections."""
        self._transport.close()


class _TellsOfPosts(errors.Reporter):
    """Call a request what it is: a client knows only of GET."""

    def __init__(self, reporter: errors.Reporter) -> None:
        self._reporter = reporter

    def attempt(self, message: str) -> None:
        """Tell of one request."""
        self._reporter.attempt(f"POST{message[3:]}" if message.startswith("GET ") else message)


def find_event(event_id: str, timeline: Timeline) -> Event:
    """Return the event of this id. Raises RejectedError where the timeline has none."""
    found = [event for event in timeline.events if event.key == event_id.lower()]
    if not found:
        listed = ", ".join(event.event_id for event in timeline.events[:10]) or "none"
        raise _gone(event_id, f"IMDS does not list it. What it lists: {errors.printable(listed, most=400)}.")
    return found[0]


def _gone(event_id: str, problem: str) -> errors.RejectedError:
    return errors.RejectedError(
        f"Event {errors.printable(event_id)} cannot be approved: {problem}",
        hint="It is over or was cancelled, or the id is wrong. Ask for the events there are: azure-imds-facts events",
    )
