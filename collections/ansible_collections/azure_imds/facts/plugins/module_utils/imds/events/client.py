# SPDX-License-Identifier: Apache-2.0
"""Requests for scheduled events, and their approval: an endpoint with api-versions of its own, which takes POST too."""

from __future__ import annotations

import json

from .. import errors, records, versions
from ..client import Answer, Client
from ..clock import Clock, Deadline
from ..host import choose_host
from ..reporter import Reporter, printable
from ..retry import Retrier
from ..settings import EXTRA_CATEGORIES
from .model import Timeline, parse_timeline
from .negotiation import EventNegotiation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..records import JsonObject
    from ..transport import Response, Transport
    from .model import Event


PATH = EXTRA_CATEGORIES["scheduled_events"].path
_EMPTY = EXTRA_CATEGORIES["scheduled_events"].empty
# The first request ever switches the service on for the VM, which takes up to two minutes (documented).
SWITCH_ON_S = 120.0
# Once it has answered, it answers within milliseconds: a request that hangs is given up before a Preempt's 30 s are
# over.
_AFTERWARDS_S = 5.0
_HINT_NONE = "This IMDS offers no scheduled events, as Azure Stack Hub's. Check the endpoint and the api-version."


class UnknownEventError(errors.RejectedError):
    """IMDS does not list the event that is to be approved. An adapter adds to the hint how its users list events."""


class EventClient:
    """Scheduled events at one endpoint. It remembers the api-version that was found, and spaces its requests.

    `transport_factory` makes the transport when it is first needed. `timeout_s` bounds each call, retries included;
    `spacing_s` is the least time from one request to the next, for a VM has five a second in all.
    Raises UsageError for an api-version that scheduled events do not have, as are most of the instance's.
    """

    def __init__(
        self,
        endpoint: str,
        transport_factory: Callable[[], Transport],
        *,
        api_version: str | None = None,
        timeout_s: float = SWITCH_ON_S + 30.0,
        clock: Clock | None = None,
        reporter: Reporter | None = None,
        spacing_s: float = 0.25,
    ) -> None:
        if api_version is not None and api_version not in versions.SCHEDULED_EVENTS:
            raise errors.UsageError(
                f"Scheduled events have no api-version {printable(str(api_version))!r}; theirs are not the instance's.",
                hint=f"Give one of {', '.join(versions.SCHEDULED_EVENTS)}, or none.",
            )
        self._endpoint = endpoint
        self._transport_factory = transport_factory
        self._transport: Transport | None = None
        self._timeout_s = timeout_s
        self._spacing_s = spacing_s
        self._reporter = reporter or Reporter()
        self._negotiation = EventNegotiation(api_version)
        self._asked_at: float | None = None
        # What the last answer's `Retry-After` asked for.
        self.retry_after_s: float | None = None
        self._last_body = b""
        self._last_timeline: Timeline | None = None
        self._last_pick: Callable[[list[JsonObject]], list[JsonObject]] | None = None
        self.clock = clock or Clock()
        self.has_answered = False

    @property
    def version(self) -> str:
        """The api-version that is asked for."""
        return self._negotiation.version

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def fetch_timeline(self) -> Timeline:
        """Return the events there are now, retrying until `timeout_s`.

        Raises the ImdsError of the last complete answer: RejectedError where IMDS knows none of the api-versions.
        """
        return self._retry(self._open_client(self._timeout_s))

    def approve(
        self,
        event_id: str,
        *,
        timeline: Timeline | None = None,
        timeout_s: float | None = None,
        is_patient: bool = True,
    ) -> bool:
        """Let an event start now; return True, or False where it had started already.

        `timeline` saves a request after `fetch_timeline`. An approval may be repeated. All VMs among the event's
        `resources` are affected. `is_patient` False: ask once. Raises UnknownEventError where IMDS does not list the
        event (any more), UsageError for an id that none can have, else as `fetch_timeline` does.
        """
        event_id = check_event_id(event_id)
        client = self._open_client(timeout_s or self._timeout_s)
        event = find_event(event_id, timeline or self._retry(client))
        if event.is_started:
            return False
        body = json.dumps({"StartRequests": [{"EventId": event.event_id}]}).encode()

        def post() -> Answer:
            answer = self._send(client, method="POST", body=body)
            if answer.status == 400:
                raise _not_listed(event_id, client.describe_attempts("400 to its approval"))
            return answer

        if is_patient:
            return Retrier(client).run(post, accept=lambda _answer: True)
        error = client.with_context(post())
        if error:
            raise error  # pylint: disable=raising-bad-type  # it takes the default of Answer for the only value
        return True

    def approve_listed(self, event_id: str) -> tuple[str, bool]:
        """Approve as `approve` does; return the id as IMDS spells it, and False where the event had started already."""
        event_id = check_event_id(event_id)
        deadline = Deadline(self._timeout_s, self.clock)
        timeline = self.fetch_timeline()
        is_new = self.approve(event_id, timeline=timeline, timeout_s=max(0.1, deadline.remaining))
        return find_event(event_id, timeline).event_id, is_new

    def fetch_once(self, *, pick: Callable[[list[JsonObject]], list[JsonObject]] | None = None) -> Answer:
        """Make one request, of no more than a few seconds once IMDS has answered.

        The answer's `value` is a Timeline, or its `error` says why not; neither while the api-version is negotiated.
        `pick` chooses among IMDS's objects; it is not asked again while the body stays the same.
        """
        client = self._open_client(self._timeout_s)
        answer = self._fetch(client, pick=pick)
        if self._negotiation.consider(answer):
            return records.replace(answer, value=None, error=None)
        return records.replace(answer, error=client.with_context(answer))

    def _retry(self, client: Client) -> Timeline:
        def attempt() -> Answer:
            return client.negotiate(lambda _version: self._fetch(client), self._negotiation)

        timeline: Timeline = Retrier(client).run(attempt, accept=lambda answer: answer.value)
        return timeline

    def _fetch(self, client: Client, *, pick: Callable[[list[JsonObject]], list[JsonObject]] | None = None) -> Answer:
        """Make one request; the answer's `value` is a Timeline."""
        if pick != self._last_pick:
            self._last_timeline, self._last_pick = None, pick
        answer = self._send(client)
        if isinstance(answer.value, Timeline):
            return answer  # the same body once more
        if answer.error is not None:
            if answer.status != 404 or self.has_answered:
                return answer
            # Where every version gets this, IMDS has no scheduled events.
            refused = errors.RejectedError(answer.error.problem, hint=_HINT_NONE)
            return records.replace(answer, error=refused, is_retried=False)
        self.has_answered = True
        try:
            timeline = parse_timeline(answer.value, empty=_EMPTY, pick=pick)
        except errors.InvalidError as error:
            return records.replace(answer, value=None, error=error)
        self._last_timeline = timeline
        return records.replace(answer, value=timeline)

    def _send(self, client: Client, *, method: str = "GET", body: bytes = b"") -> Answer:
        """Send one request once the time for it has come. Where the body is the last one again, so is the `value`."""
        wait_s = 0.0 if self._asked_at is None else self._asked_at + self._spacing_s - self.clock.monotonic()
        if wait_s > 0:
            self.clock.sleep(min(wait_s, client.deadline.remaining))
        if not client.deadline.remaining:
            return Answer(version=self.version, error=errors.UnreachableError("no time left for a request"))
        self._asked_at = self.clock.monotonic()
        client.longest_attempt_s = _AFTERWARDS_S if self.has_answered else client.longest_attempt_s
        response = client.send(PATH, self.version, method=method, body=body)
        if body:
            answer = _check_approval(client.parse(self.version, response, empty={}))
        elif self._is_last(response):
            answer = Answer(version=self.version, status=200, value=self._last_timeline)
        else:
            answer = client.parse(self.version, response, empty=_EMPTY)
            self._last_timeline = None
            self._last_body = b"" if isinstance(response, errors.UnreachableError) else response.body
        self.retry_after_s = answer.wait_s
        return answer

    def _is_last(self, response: Response | errors.UnreachableError) -> bool:
        """Return whether a response says what the last one said: most of the time nothing changes."""
        if isinstance(response, errors.UnreachableError) or self._last_timeline is None:
            return False
        return response.status == 200 and bool(response.body.strip()) and response.body == self._last_body

    def _open_client(self, timeout_s: float) -> Client:
        transport = self._transport = self._transport or self._transport_factory()
        deadline = Deadline(timeout_s, self.clock)
        client = Client(self._endpoint, transport, deadline=deadline, reporter=self._reporter)
        client.agent = choose_host().proxy_agent
        return client


def check_event_id(event_id: str, *, name: str = "The event's id") -> str:
    """Return an event's id without blanks around it. Raises UsageError where nothing is left, with the `name` of it."""
    if not event_id.strip():
        raise errors.UsageError(f"{name} is empty.", hint="Give the id of an event that IMDS lists.")
    return event_id.strip()


def find_event(event_id: str, timeline: Timeline) -> Event:
    """Return the event of this id. Raises UnknownEventError where the timeline has none."""
    found = [event for event in timeline.events if event.key == event_id.lower()]
    if not found:
        listed = ", ".join(event.event_id for event in timeline.events[:10]) or "none"
        raise _not_listed(event_id, f"IMDS does not list it. What it lists: {printable(listed, most=400)}.")
    return found[0]


def _check_approval(answer: Answer) -> Answer:
    """Return the answer to an approval, with an error where a 200 says something else than that it was taken.

    IMDS answers with an empty body (recorded); a portal answers everything with a page.
    """
    if answer.error is not None or answer.value in ({}, None):
        return answer
    said = answer.value.get("error") if isinstance(answer.value, dict) else None
    if isinstance(answer.value, dict) and not said:
        return answer
    problem = f"200, and in it an error: {printable(json.dumps(said))}" if said else "200, and no answer of IMDS in it"
    return records.replace(answer, value=None, error=errors.InvalidError(problem))


def _not_listed(event_id: str, problem: str) -> UnknownEventError:
    return UnknownEventError(
        f"Event {printable(event_id)} cannot be approved: {problem}",
        hint="It is over or was cancelled, or the id is wrong.",
    )
