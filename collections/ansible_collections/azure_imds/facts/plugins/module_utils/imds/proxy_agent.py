# SPDX-License-Identifier: Apache-2.0
"""Azure's metadata proxy agent, asked at its own address: whether it has its key, with which it signs for others."""

from __future__ import annotations

from . import errors, json_body
from .clock import Deadline
from .transport import HttpTransport, TransportError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .clock import Clock

ADDRESS = "127.0.0.1:3080"
# It answers within a few milliseconds, or not at all.
_LONGEST_S = 0.5
# Any value of the first header will do. Without the second one the agent says that it has finished, whatever is true:
# it compares the moment when it finished, 0 before that, with this one (Azure/GuestProxyAgent, `proxy_server.rs`).
_HEADERS = {"Metadata": "true", "x-ms-azure-time-tick": "1"}


def fetch_finished(clock: Clock) -> bool | None:
    """Return whether the agent says that it has finished its provisioning, None where it says nothing of use.

    Finished is what it also calls itself after two minutes without a key. Port 3080 takes no privilege, so what answers
    there may be another program: nothing but patience may follow from it.
    """
    try:
        response = HttpTransport().fetch(f"http://{ADDRESS}/provision", _HEADERS, Deadline(_LONGEST_S, clock))
        value = json_body.parse_json(response.body)
    except (TransportError, errors.InvalidError):
        return None
    finished = value.get("finished") if isinstance(value, dict) and response.status == 200 else None
    return finished if isinstance(finished, bool) else None


class BootPatience:
    """Whether a refusal at boot is worth asking again: until the first one after the agent has finished.

    A request may have been refused a moment before the agent finished, and be asked about a moment after it. So the
    refusal on which the agent is first found finished is repeated once.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._was_pending = True

    def is_worth_asking(self) -> bool:
        """Return whether to ask IMDS again after a refusal. Asks the agent."""
        before = self._was_pending
        self._was_pending = not fetch_finished(self._clock)
        return before or self._was_pending
