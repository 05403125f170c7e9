# SPDX-License-Identifier: Apache-2.0
"""Requests for scheduled events, and their approval: an endpoint with api-versions of its own, which takes POST too."""

from __future__ import annotations

import json

from .. import errors, records, versions
from ..client import Answer, Client, Negotiation
from ..clock import Clock, Deadline
from ..reporter import Reporter, printable
from ..retry import Retrier
from ..settings import EXTRA_CATEGORIES
from .model import parse_timeline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..transport import Transport
    from .model import Event, Timeline


PATH = EXTRA_CATEGORIES["scheduled_events"].path
_EMPTY = EXTRA_CATEGORIES["scheduled_events"].empty
# The first request ever switches the service on for the VM, which takes up to two minutes (documented).
SWITCH_ON_S = 120.0
# Once it has answered, it answers within milliseconds: a request that hangs is given up before a Preempt's 30 s are
# over.
_AFTERWARDS_S = 5.0
# A version that has worked is doubted only after so many refusals in a row: fewer are an outage.
_DOUBTED_AFTER = 10
_HINT_NONE = "This IMDS offers no scheduled events, as Azure Stack Hub's. Check the endpoint and the api-version."


class UnknownEventError(errors.RejectedError):
    """IMDS does not list the event that is to be approved. An adapter adds to the hint how its users list events."""


class EventNegotiation(Negotiation):
    """The choice among the api-versions of scheduled events, of which the server has no list.

    The newest is asked for first, older ones while they are refused. 404 is also what IMDS answers while it is not
    ready, and the version that works when that ends may be too old to know Preempt, so newer ones are tried once more
    before a version is settled. A settled version is doubted after `_DOUBTED_AFTER` refusals in a row.
    """

    def __init__(self, pinned: str | None) -> None:
        super().__init__(list, pinned=pinned, remembered=versions.SCHEDULED_EVENTS[0])
        self._index = 0
        self._is_settled = False
        self._is_climbing = False
        self._refusals = 0

    def _is_about_version(self, answer: Answer) -> bool:
        return answer.status in (400, 404)

    def _accept(self) -> bool:
        self._refusals = 0
        if not self._is_settled and self._index > 0:
            self._is_climbing = True
            self._choose(self._index - 1)
            return True
        self._is_settled = True
        return False

    def _refuse(self, answer: Answer) -> bool:  # noqa: ARG002  it holds no list
        self._refusals += 1
        if self._is_settled:
            self._is_settled = self._refusals < _DOUBTED_AFTER
            return False
        if self._is_climbing:
            self._is_climbing, self._is_settled = False, True
            self._choose(self._index + 1)
            return True
        self._choose((self._index + 1) % len(versions.SCHEDULED_EVENTS))
        return self._index > 0

    def _choose(self, index: int) -> None:
        self._index = index
        self.version = versions.SCHEDULED_EVENTS[index]


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

    def fetch_once(self) -> Answer:
        """Make one request, of no more than a few seconds once IMDS has answered.

        The answer's `value` is a Timeline, or its `error` says why not; neither while the api-version is negotiated.
        """
        client = self._open_client(self._timeout_s)
        answer = self._fetch(client)
        if self._negotiation.consider(answer):
            return records.replace(answer, value=None, error=None)
        return records.replace(answer, error=client.with_context(answer))

    def _retry(self, client: Client) -> Timeline:
        def attempt() -> Answer:
            return client.negotiate(lambda _version: self._fetch(client), self._negotiation)

        timeline: Timeline = Retrier(client).run(attempt, accept=lambda answer: answer.value)
        return timeline

    def _fetch(self, client: Client) -> Answer:
        """Make one request; the answer's `value` is a Timeline."""
        answer = self._send(client)
        if answer.error is not None:
            if answer.status != 404 or self.has_answered:
                return answer
            # Where every version gets this, IMDS has no scheduled events.
            refused = errors.RejectedError(answer.error.problem, hint=_HINT_NONE)
            return records.replace(answer, error=refused, is_retried=False)
        self.has_answered = True
        try:
            return records.replace(answer, value=parse_timeline(answer.value, empty=_EMPTY))
        except errors.InvalidError as error:
            return records.replace(answer, value=None, error=error)

    def _send(self, client: Client, *, method: str = "GET", body: bytes = b"") -> Answer:
        """Send one request once the time for it has come. The body of an approval's answer means nothing."""
        wait_s = 0.0 if self._asked_at is None else self._asked_at + self._spacing_s - self.clock.monotonic()
        if wait_s > 0:
            self.clock.sleep(min(wait_s, client.deadline.remaining))
        if not client.deadline.remaining:
            return Answer(version=self.version, error=errors.UnreachableError("no time left for a request"))
        self._asked_at = self.clock.monotonic()
        client.longest_attempt_s = _AFTERWARDS_S if self.has_answered else client.longest_attempt_s
        response = client.send(PATH, self.version, method=method, body=body)
        if body and not isinstance(response, errors.UnreachableError) and response.status == 200:
            return Answer(version=self.version, status=200)
        answer = client.parse(self.version, response, empty=_EMPTY)
        self.retry_after_s = answer.wait_s
        return answer

    def _open_client(self, timeout_s: float) -> Client:
        transport = self._transport = self._transport or self._transport_factory()
        return Client(self._endpoint, transport, deadline=Deadline(timeout_s, self.clock), reporter=self._reporter)


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


def _not_listed(event_id: str, problem: str) -> UnknownEventError:
    return UnknownEventError(
        f"Event {printable(event_id)} cannot be approved: {problem}",
        hint="It is over or was cancelled, or the id is wrong.",
    )
