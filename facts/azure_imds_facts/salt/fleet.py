# SPDX-License-Identifier: Apache-2.0
"""What a master asks its minions, or its mine of them, for the runner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import salt.client
import salt.utils.minions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SILENT = "did not answer"
# What is not a fresh answer of IMDS.
_OLDER = ("stale", "cloud-init")


def list_stale(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return minion → how its facts were got, or what was wrong, of those without a fresh answer of IMDS.

    `answers`: minion → what `azure_imds.facts` returned there.
    """
    found: dict[str, Any] = {}
    for minion, answer in sorted(answers.items()):
        snapshot = answer.get("snapshot") if isinstance(answer, dict) else None
        if not isinstance(snapshot, dict):
            found[minion] = str(answer)
        elif snapshot.get("source") in _OLDER:
            found[minion] = {name: snapshot.get(name) for name in ("source", "fetchedAt", "ageSeconds")}
    return found


def list_pending(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return minion → its scheduled events, or what was wrong, of those that have any.

    `answers`: minion → what `azure_imds.events` returned there.
    """
    found: dict[str, Any] = {}
    for minion, answer in sorted(answers.items()):
        if not isinstance(answer, dict) or not isinstance(answer.get("events"), list):
            found[minion] = str(answer)
        elif answer.get("pending"):
            found[minion] = answer["events"]
    return found


def ask_minions(
    opts: Mapping[str, Any], function: str, arguments: list[str], *, tgt: str, tgt_type: str, timeout: float
) -> dict[str, Any]:
    """Return minion → answer of a function. A minion that the master knows and that says nothing is told as such."""
    matched = salt.utils.minions.CkMinions(opts).check_minions(tgt, tgt_type)["minions"]
    with salt.client.get_local_client(opts["conf_file"]) as client:
        answers = client.cmd(tgt, function, arguments, tgt_type=tgt_type, timeout=timeout)
    heard = {name: answer for name, answer in answers.items() if not _is_silence(answer)}
    return {**dict.fromkeys(matched, _SILENT), **heard}


def _is_silence(answer: object) -> bool:
    """Return whether this is what Salt itself says of a minion that it waited for in vain."""
    return answer is False or (isinstance(answer, str) and answer.startswith("Minion did not return"))


def ask_mine(runners: Mapping[str, Callable[..., Any]], function: str, *, tgt: str, tgt_type: str) -> dict[str, Any]:
    """Return minion → what its mine holds of a function."""
    held: dict[str, Any] = runners["mine.get"](tgt, function, tgt_type=tgt_type)
    return held
