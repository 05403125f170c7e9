# SPDX-License-Identifier: Apache-2.0
"""Fault scripts: what goes wrong with which request, such as `410*3,500,ok` or `429:retry-after=2`.

script = step,step,…                one step a request; when all are used up, requests are answered again
step   = KIND[=VALUE][:OPTION=VALUE…][*TIMES]      TIMES is a number or `forever`
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError, choices
from azure_imds_facts.emulator.quantities import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .request import Asked

__all__ = ["KINDS", "OPTIONS", "Fault", "Faults", "parse_script"]

# Kind → the value it has where none is given; None where it takes none.
KINDS: dict[str, str | None] = {
    "ok": None,
    "hang": None,
    "reset": None,
    "close": None,
    "truncate": None,
    "slow": "2s",
    "drip": "100ms",
    "html": None,
    "redirect": "http://127.0.0.1:1/login",
    "garbage": None,
    "huge": "2097152",
    "partial": None,
}
OPTIONS = ("after", "retry-after", "retry-after-date")
_DURATIONS = {"slow", "drip"}


@dataclass(frozen=True)
class Fault:
    """One step. `status` is set where the kind is a number; `times` None means for ever; `after_s` delays it."""

    kind: str
    status: int = 0
    value: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    times: int | None = 1

    @property
    def after_s(self) -> float:
        """Seconds to wait before anything is answered."""
        given = self.value if self.kind == "slow" else self.options.get("after", "0")
        return parse_duration(given)


def parse_script(text: str) -> tuple[Fault, ...]:
    """Read a script.

    Raises:
        EmulatorError: names the step and what is allowed there.
    """
    steps = tuple(_parse_step(step.strip()) for step in text.split(",") if step.strip())
    if not steps:
        raise EmulatorError(f"fault script {text!r}: no step; allowed: a status or {choices(KINDS)}")
    return steps


def _parse_step(text: str) -> Fault:
    body, star, times = text.partition("*")
    named, *options = _split_options(body)
    kind, equals, value = named.partition("=")
    status = int(kind) if kind.isdigit() and len(kind) == 3 else 0
    if not (200 <= status <= 599 or kind in KINDS):
        raise EmulatorError(f"fault {text!r}: unknown kind {kind!r}; allowed: a status or {choices(KINDS)}")
    default = KINDS.get(kind)
    if equals and default is None:
        raise EmulatorError(f"fault {text!r}: {kind} takes no value")
    fault = Fault(
        kind="status" if status else kind,
        status=status,
        value=value or default or "",
        options=dict(_parse_option(option, text) for option in options),
        times=_parse_times(times, text) if star else 1,
    )
    _check_values(fault, text)
    return fault


def _split_options(body: str) -> list[str]:
    """Split at colons, but not at those of a redirect's URL: an option begins with its own name."""
    parts: list[str] = []
    for part in body.split(":"):
        if parts and part.partition("=")[0] not in OPTIONS and parts[0].startswith("redirect="):
            parts[-1] += f":{part}"
        else:
            parts.append(part)
    return parts


def _parse_option(option: str, text: str) -> tuple[str, str]:
    name, _, value = option.partition("=")
    if name not in OPTIONS:
        raise EmulatorError(f"fault {text!r}: unknown option {name!r}; allowed: {choices(OPTIONS)}")
    return name, value


def _parse_times(times: str, text: str) -> int | None:
    if times == "forever":
        return None
    if not times.isdigit() or int(times) < 1:
        raise EmulatorError(f"fault {text!r}: {times!r} times; allowed: 1 and more, or forever")
    return int(times)


def _check_values(fault: Fault, text: str) -> None:
    try:
        if fault.kind in _DURATIONS:
            parse_duration(fault.value)
        for name, value in fault.options.items():
            # IMDS would send whole seconds; other text is let through in retry-after to test clients with it.
            if name != "retry-after":
                parse_duration(value)
    except EmulatorError as error:
        raise EmulatorError(f"fault {text!r}: {error}") from error
    if fault.kind == "huge" and not fault.value.isdigit():
        raise EmulatorError(f"fault {text!r}: {fault.value!r} is no number of bytes")


class _Line:
    """A script on its way, for the paths below a prefix."""

    def __init__(self, prefix: str, script: tuple[Fault, ...]) -> None:
        self.prefix = prefix
        self._left = list(script)
        self._taken = 0

    def take(self) -> Fault | None:
        if not self._left:
            return None
        fault = self._left[0]
        self._taken += 1
        if self._taken == fault.times:
            self._left.pop(0)
            self._taken = 0
        return fault


class Faults:
    """The scripts that are in force; the longest prefix that fits a request's path rules. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[_Line] = []

    def set(self, script: str, *, path: str = "/") -> None:
        """Put a script in force for all requests, or for those below a path; an empty script ends the one there.

        Raises:
            EmulatorError: the script is wrong.
        """
        steps = parse_script(script) if script.strip() else ()
        prefix = path.lower().rstrip("/")
        with self._lock:
            self._lines = [line for line in self._lines if line.prefix != prefix]
            if steps:
                self._lines.append(_Line(prefix, steps))
            self._lines.sort(key=lambda line: -len(line.prefix))

    def take(self, asked: Asked) -> Fault | None:
        """Return the next step for a request, None where it is to be answered."""
        path = asked.path.lower()
        with self._lock:
            for line in self._lines:
                if path == line.prefix or path.startswith(f"{line.prefix}/"):
                    return line.take()
        return None
