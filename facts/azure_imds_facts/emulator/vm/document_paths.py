# SPDX-License-Identifier: Apache-2.0
"""Places in a document, as people write them: `compute.zone`, `network/interface/0/macAddress`, `a.b[2].c`."""

from __future__ import annotations

import re
from typing import Any

from azure_imds_facts.emulator.errors import EmulatorError

__all__ = ["Step", "parse_path", "put", "spell_path"]

Step = str  # a name, or the digits of an index
_INDEX = re.compile(r"\[(\d+)\]")


def parse_path(text: str) -> tuple[Step, ...]:
    """Split a place into its steps.

    Raises:
        EmulatorError: the path is empty or has an empty step.
    """
    steps = tuple(_INDEX.sub(r".\1", text.strip("/")).replace("/", ".").split("."))
    if not all(steps):
        raise EmulatorError(f"{text!r} is no path; write one like compute.zone or network.interface[0].macAddress")
    return steps


def spell_path(steps: tuple[Step, ...]) -> str:
    """Write steps as one path."""
    return ".".join(steps)


def put(document: Any, steps: tuple[Step, ...], value: object) -> None:
    """Set a place in a document, making objects on the way; the index after an array's last appends.

    Raises:
        EmulatorError: the way leads through something that is neither object nor array, or past an array's
        end.
    """
    holder = document
    for step, following in zip(steps, (*steps[1:], None)):
        fresh: object = value if following is None else {}
        holder = _enter(holder, step, fresh, replace=following is None, where=spell_path(steps))


def _enter(holder: Any, step: Step, fresh: object, *, replace: bool, where: str) -> Any:
    if isinstance(holder, dict):
        if replace or step not in holder:
            holder[step] = fresh
        return holder[step]
    if not isinstance(holder, list) or not step.isdigit():
        raise EmulatorError(f"{where}: nothing can be put below {step!r} there")
    index = int(step)
    if index > len(holder):
        raise EmulatorError(f"{where}: the array has {len(holder)} elements; allowed: 0 to {len(holder)}")
    if index == len(holder):
        holder.append(fresh)
    elif replace:
        holder[index] = fresh
    return holder[index]
