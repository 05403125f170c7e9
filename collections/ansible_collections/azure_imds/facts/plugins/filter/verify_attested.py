# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify a signed document on the controller. The documentation is in verify_attested.yml beside this file."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

_MISSING = (
    "verify_attested needs the Python package azure-imds-facts with cryptography on the controller, in the Python that "
    "runs Ansible ({error}). Install it with: pip install 'azure-imds-facts[attest]'"
)


def verify_attested(
    document: Any,
    *,
    nonce: str | None = None,
    max_age: float = 300,
    cloud: str | None = None,
    subscription: str | list[str] | None = None,
    vm_id: str | None = None,
    trust: str | list[str] | None = None,
    intermediate: str | list[str] | None = None,
    at: str | None = None,
    offline: bool = False,
) -> dict[str, Any]:
    """Return what a signed document says, if it holds. Raises AnsibleFilterError with the reason if not."""
    try:
        from azure_imds_facts.attestation import AttestationError, read_shipped, verify  # noqa: PLC0415
    except ImportError as error:
        raise AnsibleFilterError(_MISSING.format(error=error)) from None
    if not isinstance(document, (str, bytes, Mapping)):
        raise AnsibleFilterError("verify_attested takes a document: the `document` that azure_imds_attested returned.")
    try:
        claims = verify(
            document,
            nonce=_require_text(nonce, "nonce"),
            max_age=float(max_age),
            cloud=cloud,
            subscriptions=_list(subscription, "subscription"),
            vm_id=_require_text(vm_id, "vm_id"),
            trust=read_shipped().add(
                trusted=tuple(map(_read, _list(trust, "trust"))),
                intermediates=tuple(map(_read, _list(intermediate, "intermediate"))),
            ),
            at=_parse_time(at) if at else None,
            is_offline=bool(offline),
        )
    except AttestationError as error:
        raise AnsibleFilterError(f"The signed document does not hold: {error.reason}: {error}") from None
    except (OSError, ValueError, TypeError) as error:
        raise AnsibleFilterError(f"verify_attested: {error}") from None
    spelled: dict[str, Any] = wrap_var(claims.spell_snake())
    return spelled


def _require_text(value: Any, name: str) -> str | None:
    """Return an argument that is there or left out; one that is empty would let every document pass, or none."""
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise AnsibleFilterError(
            f"verify_attested: {name} is empty or no text: leave it out, or give the one that is expected."
        )
    return value


def _list(value: Any, name: str) -> list[str]:
    """Return the items of an argument that is one text or several. An empty list is refused: it would mean any."""
    if value is None:
        return []
    items = [value] if isinstance(value, str) else list(value)
    if not items or not all(isinstance(item, str) and item for item in items):
        raise AnsibleFilterError(f"verify_attested: {name} is empty: leave it out, or give what is expected.")
    return items


def _read(path: str) -> bytes:
    with open(os.path.expanduser(path), "rb") as file:
        return file.read(1 << 21)


def _parse_time(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    return moment.replace(tzinfo=moment.tzinfo or dt.timezone.utc)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return them by name."""
        return {"verify_attested": verify_attested}
