# SPDX-License-Identifier: Apache-2.0
"""What IMDS signs, as JSON (documented): licenseType, nonce, plan, sku, subscriptionId, timeStamp, vmId."""

from __future__ import annotations

import datetime as dt
import json
import re

from azure_imds_facts.attestation.errors import ContentError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_BYTES = 16 * 1024
_TIME = re.compile(r"[0-9]{2}/[0-9]{2}/[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}", re.ASCII)
_VM_ID = re.compile(r"[0-9A-Za-z-]{1,64}", re.ASCII)
# Text wherever they are there; api-versions before 2019-04-30 lack the subscription.
_TEXTS = ("licenseType", "nonce", "sku", "subscriptionId")


def parse_content(content: bytes) -> tuple[dict[str, Any], dt.datetime, dt.datetime]:
    """Return the signed object, and when it was made and expires, in UTC. Raises ContentError."""
    if len(content) > _MOST_BYTES:
        raise ContentError("What is signed is larger than anything that IMDS signs.")
    try:
        parsed = json.loads(content.decode(), object_pairs_hook=_refuse_twins, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise ContentError("What is signed is no JSON.") from None
    if not isinstance(parsed, dict):
        raise ContentError("What is signed is no JSON object.")
    for name in _TEXTS:
        if not isinstance(parsed.get(name, ""), str):
            raise ContentError(f"What is signed has a `{name}` that is no text.")
    vm_id = parsed.get("vmId")
    if not isinstance(vm_id, str) or not _VM_ID.fullmatch(vm_id):
        raise ContentError("What is signed names no VM: `vmId` is missing or no id.")
    if not isinstance(parsed.get("plan", {}), dict):
        raise ContentError("What is signed has a `plan` that is no object.")
    times = parsed.get("timeStamp")
    if not isinstance(times, dict):
        raise ContentError("What is signed has no `timeStamp`.")
    created, expires = (_parse_time(times.get(name), name) for name in ("createdOn", "expiresOn"))
    if expires < created:
        raise ContentError("What is signed expires before it was made.")
    return parsed, created, expires


def _parse_time(text: object, name: str) -> dt.datetime:
    """Return the moment in UTC of a text such as `07/28/26 13:24:00 -0000`."""
    if isinstance(text, str) and _TIME.fullmatch(text):
        try:
            return dt.datetime.strptime(text, "%m/%d/%y %H:%M:%S %z").astimezone(dt.timezone.utc)
        except (ValueError, OverflowError):
            pass
    raise ContentError(f"What is signed has a `timeStamp.{name}` that is no time.")


def _refuse_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _value in pairs}) < len(pairs):
        raise ContentError("What is signed has a field twice.")
    return dict(pairs)


def _refuse_constant(name: str) -> None:
    raise ContentError(f"What is signed holds {name}, which is no JSON.")
