# SPDX-License-Identifier: Apache-2.0
"""Check what IMDS answers, by collecting once without any cache."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.clock import format_time, parse_date
from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.records import record, replace
from azure_imds_facts.core.transport import HttpTransport, TransportError
from azure_imds_facts.core.versions import ARC, NEWEST
from azure_imds_facts.doctor.findings import BAD, NOTE, OK, SKIPPED, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from azure_imds_facts.core.clock import Deadline
    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.host import Host
    from azure_imds_facts.core.reporter import Reporter
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.core.transport import Response

# A failure of a request, whatever the system calls it.
REFUSED = "connection refused"
# Within this a certificate or a token is not yet refused because of the clock.
_CLOCK_MAY_DIFFER_S = 300.0


@record
class Asked:
    """One live collection: a snapshot or an error, and all that came back on the way."""

    snapshot: Snapshot | None
    error: ImdsError | None
    responses: list[Response]
    failures: list[str]

    @property
    def document(self) -> Mapping[str, Any] | None:
        """The document, None without one."""
        return self.snapshot.document if self.snapshot else None

    @property
    def local_address(self) -> str | None:
        """The address on this side. Where connections are redirected, the snapshot knows the one that would be used."""
        answered = next((one.local_address for one in reversed(self.responses)), None)
        return self.snapshot.local_address if self.snapshot else answered


def ask_imds(settings: Settings, host: Host, reporter: Reporter) -> Asked:
    """Collect once from IMDS itself: no cache, no older answer, no copy of cloud-init's."""
    recording = _Recording()
    live = replace(settings, cache_dir=None, cache_ttl=0.0, gather={"compute": True, "network": True}, reveal=())
    try:
        snapshot = collect(live, open_transport=lambda: recording, host=host, reporter=reporter, allow_fallback=False)
    except ImdsError as error:
        return Asked(snapshot=None, error=error, responses=recording.responses, failures=recording.failures)
    return Asked(snapshot=snapshot, error=None, responses=recording.responses, failures=recording.failures)


def check_answer(asked: Asked) -> Finding:
    """Say how IMDS answered."""
    if asked.error is None:
        return Finding(check="answer", verdict=OK, text="IMDS answered with a whole document.")
    if not asked.responses and not asked.failures:
        return Finding(check="answer", verdict=SKIPPED, text="IMDS was not asked.")
    fix = asked.error.hint
    if REFUSED in asked.failures and not asked.responses:
        fix = "Nothing listens there: a firewall rule of this VM refuses the port, or the endpoint is wrong."
    elif any(b"metadata header" in response.body[:200].lower() for response in asked.responses):
        fix = "The header `Metadata: true` was lost on the way: something between this machine and IMDS removes it."
    return Finding(check="answer", verdict=BAD, text=f"{asked.error.outcome}: {asked.error.problem}", fix=fix)


def check_throttling(asked: Asked) -> Finding:
    """Say whether requests were refused because there are too many."""
    refused = sum(response.status == 429 for response in asked.responses)
    if not asked.responses:
        return Finding(check="throttling", verdict=SKIPPED, text="There was no answer to judge by.")
    if not refused:
        return Finding(check="throttling", verdict=OK, text="No request was refused as one too many.")
    return Finding(
        check="throttling",
        verdict=NOTE if asked.error is None else BAD,
        text=f"{refused} of {len(asked.responses)} requests got 429.",
        fix="A VM has five requests a second in all: find out what asks so often, and let it keep answers.",
    )


def check_version(asked: Asked) -> Finding:
    """Say which api-version both sides know."""
    if asked.snapshot is None:
        return Finding(check="api-version", verdict=SKIPPED, text="There was no document to judge by.")
    version = asked.snapshot.api_version
    if asked.snapshot.platform == "arc":
        return Finding(check="api-version", verdict=OK, text=f"{version}, of Azure Arc's {', '.join(ARC)}.")
    newest = "the newest known here" if version == NEWEST else f"older than {NEWEST}, the newest known here"
    return Finding(check="api-version", verdict=OK, text=f"{version}, {newest}.")


def check_clock(asked: Asked, *, setters: str = "chrony or systemd-timesyncd") -> Finding:
    """Compare this machine's clock with the `Date` of IMDS's last answer. `setters`: what sets the clock here."""
    dates = [parse_date(response.headers.get("date")) for response in asked.responses]
    served = next((date for date in reversed(dates) if date is not None), None)
    if served is None:
        return Finding(check="clock", verdict=SKIPPED, text="No answer carried a date to compare with.")
    behind_s = served - time.time()
    if abs(behind_s) <= _CLOCK_MAY_DIFFER_S:
        return Finding(check="clock", verdict=OK, text=f"Within {max(1.0, abs(behind_s)):.0f} s of IMDS's.")
    return Finding(
        check="clock",
        verdict=BAD,
        text=f"This machine says {format_time(time.time())}, IMDS {format_time(served)}.",
        fix=f"Set the clock ({setters}): facts are dated by it, and tokens and certificates fail.",
    )


class _Recording:
    """A transport that records responses and failures."""

    def __init__(self) -> None:
        self._transport = HttpTransport()
        self.responses: list[Response] = []
        self.failures: list[str] = []

    def fetch(
        self, url: str, headers: Mapping[str, str], deadline: Deadline, *, method: str = "GET", body: bytes = b""
    ) -> Response:
        """Send one request."""
        try:
            response = self._transport.fetch(url, headers, deadline, method=method, body=body)
        except TransportError as error:
            # Windows has a sentence for it.
            is_refusal = isinstance(error.__cause__, ConnectionRefusedError)
            self.failures.append(REFUSED if is_refusal else str(error))
            raise
        self.responses.append(response)
        return response

    def close(self) -> None:
        """Close the connection."""
        self._transport.close()
