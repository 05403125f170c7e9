# SPDX-License-Identifier: Apache-2.0
"""What comes in place of a document: statuses, what a body says, when to ask again, and where nothing ever comes."""

from __future__ import annotations

import contextlib
import json
import os
import sys

from . import clock, errors, json_body, records
from .reporter import printable
from .settings import is_azure_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


@records.record
class Meaning:
    """What a status means: `error` is the outcome's class, `is_retried` whether to ask again until the deadline.

    `label`: the status in words. `hint`: what to do.
    """

    error: type[errors.ImdsError]
    is_retried: bool
    label: str
    hint: str


_HINT_AZURE = "Check that this is an Azure VM whose primary network interface is up and has a route to 169.254.169.254."
# Where there is no IMDS for good: a sign, which is a variable of the environment or a path, and what to say.
_WITHOUT_IMDS = {
    "CONTAINER_APP_NAME": "Azure Container Apps have no IMDS: set AZURE_IMDS_DISABLED=1 there.",
    "WEBSITE_SITE_NAME": "Azure App Service and Functions have no IMDS: set AZURE_IMDS_DISABLED=1 there.",
    "/var/run/secrets/kubernetes.io": "AKS with IMDS restriction lets no pod ask IMDS that has no host network.",
}
HINT_PROXY = "A proxy said so in its own words, as Docker Desktop's does in a container: there is no IMDS behind it."
# First and last status, outcome, whether to ask again, label, hint; the first row that holds a status counts. Sources:
# Microsoft's page "Azure Instance Metadata Service" (status codes), and that on access tokens (retry guidance).
_ROWS = (
    # IMDS answers 200 or an error; no other success is documented or was ever recorded.
    (200, 299, errors.InvalidError, False, "not an answer of IMDS", errors.HINT_NOT_IMDS),
    # IMDS never redirects; a captive portal does.
    (300, 399, errors.InvalidError, False, "a redirect, which IMDS never sends", errors.HINT_NOT_IMDS),
    # Early at boot the instance may not be there yet (recorded; cloud-init waits for it too).
    (
        404,
        404,
        errors.UnavailableError,
        True,
        "not found",
        "IMDS may not be ready yet: raise the timeout. If it stays, check the endpoint and the api-version.",
    ),
    # A request that IMDS gave up on; documented among those to repeat.
    (
        408,
        408,
        errors.UnavailableError,
        True,
        "request timeout",
        "Try again, or raise the timeout.",
    ),
    # Documented: IMDS is being updated, for 70 seconds at most.
    (
        410,
        410,
        errors.UnavailableError,
        True,
        "gone, which passes within 70 seconds",
        "Try again in a minute, or raise the timeout above 70.",
    ),
    # The metadata proxy agent could not find out whose connection this is (recorded); a new one may do.
    (
        421,
        421,
        errors.UnavailableError,
        True,
        "misdirected, by the metadata proxy agent",
        "Try again. If it stays, look at the service azure-proxy-agent.",
    ),
    # Documented: five requests a second for all of a VM.
    (
        429,
        429,
        errors.ThrottledError,
        True,
        "too many requests",
        "A VM has five requests a second in all: find out what asks so often, and raise cache_ttl.",
    ),
    # Every other refusal is about the request itself.
    (
        400,
        499,
        errors.RejectedError,
        False,
        "refused",
        "Asking again cannot help: check the endpoint, the api-version, and that no proxy stands between.",
    ),
    # Documented: retry later.
    (
        500,
        599,
        errors.UnavailableError,
        True,
        "an error inside IMDS",
        "Try again, or raise the timeout. If it lasts, look at the VM's resource health.",
    ),
    (0, 1 << 16, errors.InvalidError, False, "no status of IMDS", errors.HINT_NOT_IMDS),
)


def choose_hint(endpoint: str) -> str:
    """Return what to do where nothing came from an endpoint."""
    if not is_azure_address(endpoint):
        return "Check that IMDS or its emulator serves this endpoint; on a machine of Azure Arc, run azcmagent show."
    return describe_surroundings() or _HINT_AZURE


def describe_surroundings() -> str:
    """Return in words that this process runs where there is no IMDS, with what to do, `""` without a sign of that."""
    for sign, said in _WITHOUT_IMDS.items():
        if sign in os.environ or (sign[0] == os.sep and os.path.exists(sign)):
            return said
    return ""


def classify_status(status: int, content: bytes = b"") -> Meaning:
    """Return what a status that is not 200 means, with this body."""
    _first, _last, error, is_retried, label, hint = next(row for row in _ROWS if row[0] <= status <= row[1])
    if status == 403 and content.strip()[:1] not in (b"", b"{"):  # IMDS refuses in JSON, its proxy agent without words
        hint = HINT_PROXY
    return Meaning(error=error, is_retried=is_retried, label=label, hint=hint)


# What stands behind a refusal where the metadata proxy agent is installed, and what to do. Sources: the agent itself,
# and for 401 Microsoft's page "Metadata Security Protocol".
_AGENT_HINTS = {
    401: "IMDS wants requests that the VM's metadata proxy agent signed, and this one went around it, or came before "
    "it had its key: look at `azure-proxy-agent --status`, and let 127.0.0.1:3080 through where a firewall or a unit "
    "stands between.",
    403: "The VM's metadata proxy agent refused it: its allow-list (the VM's InVMAccessControlProfile) has to let user "
    "{user} with program {program} ask /metadata/instance, /metadata/versions and what else is gathered; "
    "`azure-imds-facts export proxy-agent-rules` writes that down.",
}


def explain_refusal(status: int, body: bytes, *, agent: str) -> str | None:
    """Return what to do about a refusal behind the metadata proxy agent; None for an answer that is no such refusal.

    `agent`: where it would be installed. What it says itself has no body: a 403 with one is explained as `""`.
    """
    if status not in _AGENT_HINTS or not os.path.exists(agent):
        return None
    if status == 403 and body:
        return ""
    import pwd  # noqa: PLC0415  few are refused, and none on Windows

    user: object = os.geteuid()
    with contextlib.suppress(KeyError):  # a user without a name, as in containers
        user = pwd.getpwuid(os.geteuid()).pw_name
    return _AGENT_HINTS[status].format(user=user, program=os.path.realpath(sys.executable))


def parse_error_body(content: bytes) -> tuple[str, tuple[object, ...] | None]:
    """Return the text of an error's body, to be appended to its status, and the api-versions that it offers.

    Only the texts of `error` and `error_description` are used: a body can hold anything. The versions are None where
    the body says that the header `Metadata: true` is missing, which is about no version.
    """
    offered = None if b"metadata header" in content.lower() else ()
    try:
        value = json_body.parse_json(content)
    except errors.InvalidError:
        return "", offered
    if not isinstance(value, dict):
        return "", offered
    listed = value.get("newest-versions")
    said = [text for text in map(value.get, ("error", "error_description")) if text and isinstance(text, str)]
    quoted = "".join(f": {json.dumps(printable(text, most=160), ensure_ascii=False)}" for text in said)
    return quoted, tuple(listed) if isinstance(listed, list) else offered


def parse_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return the seconds that `Retry-After` asks for, as a number or a date (RFC 9110, 10.2.3), None without it.

    A date is counted from the server's `Date` where it has one, since this machine's clock may not be set yet. A value
    that is neither counts as absent. A number without end comes back as infinity.
    """
    value = headers.get("retry-after", "").strip()
    if value.isdigit() and value.isascii():
        return float(value) if len(value) < 10 else float("inf")
    moment = clock.parse_date(value)
    if moment is None:
        return None
    served = clock.parse_date(headers.get("date", ""))
    return max(0.0, moment - (now if served is None else served))
