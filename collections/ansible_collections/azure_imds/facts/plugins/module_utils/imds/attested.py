# SPDX-License-Identifier: Apache-2.0
"""IMDS's signed document about this VM, as it came: who verifies it does so elsewhere.

Nothing that the facts module imports imports this, so that it travels with the modules that need it alone.
"""

from __future__ import annotations

import re

from . import document, errors, records
from .cache import INSTANCE, Cache, build_key
from .client import Answer, Client, Negotiation
from .clock import Clock, Deadline
from .host import Host, choose_host
from .reporter import Reporter, printable
from .retry import Retrier
from .vm_only import require_azure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .records import JsonObject
    from .settings import Settings
    from .transport import Transport

PATH = "/metadata/attested/document"
# Documented in the swagger; IMDS's pages speak of 10 digits.
_NONCE = re.compile(r"[0-9A-Za-z]{1,32}")


def fetch_document(
    settings: Settings,
    nonce: str | None,
    *,
    open_transport: Callable[[], Transport],
    reporter: Reporter | None = None,
    host: Host | None = None,
    clock: Clock | None = None,
) -> JsonObject:
    """Return IMDS's answer, `{"encoding": "pkcs7", "signature": base64}`; it is cached nowhere.

    `nonce` None: IMDS puts the time in its place. Raises the ImdsError of the outcome; UsageError for a nonce that IMDS
    does not take.
    """
    check_nonce(nonce)
    clock, host, reporter = clock or Clock(), host or choose_host(), reporter or Reporter()
    deadline = Deadline(settings.timeout, clock)
    require_azure(settings, host)
    # The version that this boot's collections negotiated.
    key = build_key(records.replace(settings, api_version=None), INSTANCE, host.read_boot_id())
    remembered, _guessed, _lacking = Cache(settings.cache_dir, clock=clock, reporter=reporter).read_findings(key)
    client = Client(settings.endpoint, open_transport(), deadline=deadline, reporter=reporter)
    client.agent = host.proxy_agent
    query = f"&nonce={nonce}" if nonce else ""

    def attempt() -> Answer:
        negotiation = Negotiation(client.fetch_versions, pinned=settings.api_version, remembered=remembered)
        answer = client.negotiate(
            lambda version: client.parse(version, client.send(PATH, version, query=query)), negotiation
        )
        if answer.status == 404 and answer.version in (negotiation.listed or ()):
            # An IMDS that is not ready would not know the version either.
            problem = f"404 from an IMDS that knows api-version {answer.version}"
            rejected = errors.RejectedError(problem, hint="This IMDS signs no documents, as Azure Stack Hub's.")
            return records.replace(answer, error=rejected, is_retried=False)
        return answer

    try:
        return Retrier(client).run(attempt, accept=lambda answer: parse_answer(answer.value))
    finally:
        client.close()


def check_nonce(nonce: str | None) -> None:
    """Raise UsageError for a nonce that IMDS does not take."""
    if nonce is not None and not _NONCE.fullmatch(nonce):
        raise errors.UsageError(f"{printable(nonce)!r} is no nonce.", hint="Give 1 to 32 letters and digits.")


def parse_answer(value: object) -> JsonObject:
    """Return the answer's two fields. Raises InvalidError where they are not what IMDS sends."""
    document.redact(value)  # raises for a value nested too deep
    signature = value.get("signature") if isinstance(value, dict) else None
    encoding = value.get("encoding") if isinstance(value, dict) else None
    if not isinstance(signature, str) or not signature or encoding != "pkcs7":
        raise errors.InvalidError("The answer is no signed document: it has no `signature` in the encoding pkcs7.")
    return {"encoding": encoding, "signature": signature}
