# SPDX-License-Identifier: Apache-2.0
"""What a minion sends to the master's hook: its id, its public key, and a signed document whose nonce binds the key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from azure_imds_facts.salt.minion_keys import is_minion_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# A document takes up to 90 kB in base64.
_MOST_BYTES = 160 * 1024
_MOST_KEY = 4096


class RequestError(Exception):
    """The request is not one of ours, and why."""


@dataclass(frozen=True)
class EnrolRequest:
    """A request as it came: nothing of it is proven. `address`: where it says that it comes from."""

    minion_id: str
    key: str
    document: Mapping[str, Any]
    address: str


def find_address(event: Mapping[str, Any]) -> str:
    """Return the address that salt-api noted, `""` without one."""
    headers = event.get("headers")
    address = headers.get("Remote-Addr", "") if isinstance(headers, Mapping) else ""
    return str(address)[:45] if str(address).isprintable() else ""


def parse_event(event: Mapping[str, Any]) -> EnrolRequest:
    """Return the request in the event of a hook. Raises RequestError."""
    sent = event.get("post") or _parse_body(event.get("body"))
    if not isinstance(sent, Mapping):
        raise RequestError("it is no object")
    minion_id, key, document = sent.get("id"), sent.get("key"), sent.get("document")
    if not isinstance(minion_id, str) or not is_minion_id(minion_id):
        raise RequestError("its id is no minion's")
    if not isinstance(key, str) or len(key) > _MOST_KEY:
        raise RequestError("its key is no public key")
    if not isinstance(document, Mapping) or not isinstance(document.get("signature"), str):
        raise RequestError("it holds no signed document")
    if len(document["signature"]) > _MOST_BYTES:
        raise RequestError("its document is too large")
    return EnrolRequest(minion_id=minion_id, key=key, document=document, address=find_address(event))


def _parse_body(body: object) -> object:
    if not isinstance(body, (str, bytes)) or len(body) > _MOST_BYTES:
        raise RequestError("it is empty or too large")
    try:
        parsed: object = json.loads(body)
    except (ValueError, RecursionError):
        raise RequestError("it is no JSON") from None
    return parsed
