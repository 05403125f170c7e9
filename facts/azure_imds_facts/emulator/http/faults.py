# SPDX-License-Identifier: Apache-2.0
"""Fault scripts: the faults that requests meet, such as `410*3,500,ok` or `429:retry-after=2`.

script = step,step,…                one step a request; after the last one, requests are served normally
step   = KIND[=VALUE][:OPTION=VALUE…][*TIMES]      TIMES is a number or `forever`
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from azure_imds_facts.emulator.errors import EmulatorError, format_choices, format_value
from azure_imds_facts.emulator.quantities import parse_duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .request import Request

__all__ = ["FAULT_KINDS", "FAULT_OPTIONS", "Fault", "Faults", "parse_fault", "parse_fault_script"]

# Kind → default of its value; None for a kind that takes none.
FAULT_KINDS: dict[str, str | None] = {
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
FAULT_OPTIONS = ("after", "retry-after", "retry-after-date")
_DURATION_KINDS = {"slow", "drip"}
_STATUS, _NUMBER = re.compile(r"\d{3}", re.ASCII), re.compile(r"\d{1,9}", re.ASCII)
_LARGEST = 256 * 1024 * 1024


@dataclass(frozen=True)
class Fault:
    """One step of a script. `status` is set for kind `status`; `times` None repeats the step forever."""

    kind: str
    status: int = 0
    value: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    times: int | None = 1

    @property
    def delay_s(self) -> float:
        """Seconds to wait before the response."""
        return parse_duration(self.value if self.kind == "slow" else self.options.get("after", "0"))


def parse_fault(text: str) -> tuple[str, str]:
    """Return the path and the script of `/path=script`; a script without a path applies to all requests.

    Raises:
        EmulatorError: a path has no script.
    """
    if not text.startswith("/"):
        return "/", text
    path, equals, script = text.partition("=")
    if not equals:
        raise EmulatorError(f"expected [PATH=]SCRIPT, such as /metadata/instance=503, not {format_value(text)}")
    return path, script


def parse_fault_script(text: str) -> tuple[Fault, ...]:
    """Parse a script.

    Raises:
        EmulatorError: a step is invalid; names the step and the allowed values.
    """
    steps = tuple(_parse_step(step.strip()) for step in text.split(",") if step.strip())
    if not steps:
        raise EmulatorError(
            f"fault script {format_value(text)}: no step; allowed: a status or {format_choices(FAULT_KINDS)}"
        )
    return steps


def _parse_step(text: str) -> Fault:
    body, star, times = text.partition("*")
    head, *options = _split_options(body)
    kind, equals, value = head.partition("=")
    status = int(kind) if _STATUS.fullmatch(kind) else 0
    if not (200 <= status <= 599 or kind in FAULT_KINDS):
        allowed = format_choices(FAULT_KINDS)
        raise EmulatorError(
            f"fault {format_value(text)}: unknown kind {format_value(kind)}; allowed: a status or {allowed}"
        )
    default = FAULT_KINDS.get(kind)
    if equals and default is None:
        raise EmulatorError(f"fault {format_value(text)}: {kind} takes no value")
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
    """Split at the colons before options, not at those inside a redirect's URL."""
    parts: list[str] = []
    for part in body.split(":"):
        if parts and part.partition("=")[0] not in FAULT_OPTIONS and parts[0].startswith("redirect="):
            parts[-1] += f":{part}"
        else:
            parts.append(part)
    return parts


def _parse_option(option: str, text: str) -> tuple[str, str]:
    name, _, value = option.partition("=")
    if name not in FAULT_OPTIONS:
        raise EmulatorError(
            f"fault {format_value(text)}: unknown option {format_value(name)}; allowed: {format_choices(FAULT_OPTIONS)}"
        )
    return name, value


def _parse_times(times: str, text: str) -> int | None:
    if times == "forever":
        return None
    if not _NUMBER.fullmatch(times) or int(times) < 1:
        raise EmulatorError(
            f"fault {format_value(text)}: invalid repetition {format_value(times)}; allowed: 1 and more, or forever"
        )
    return int(times)


def _check_values(fault: Fault, text: str) -> None:
    try:
        if fault.kind in _DURATION_KINDS:
            parse_duration(fault.value)
        for name, value in fault.options.items():
            # IMDS would send whole seconds; any text is allowed in retry-after, to test how clients handle it.
            if name != "retry-after":
                parse_duration(value)
    except EmulatorError as error:
        raise EmulatorError(f"fault {format_value(text)}: {error}") from error
    if fault.kind == "huge" and not (_NUMBER.fullmatch(fault.value) and int(fault.value) <= _LARGEST):
        size = format_value(fault.value)
        allowed = f"a number of bytes, up to {_LARGEST}"
        raise EmulatorError(f"fault {format_value(text)}: invalid size {size}; allowed: {allowed}")
    if not all(value.isprintable() for value in (fault.value, *fault.options.values())):
        raise EmulatorError(f"fault {format_value(text)}: a header cannot have control characters")


class _ActiveScript:
    """A script in progress, for the paths below a prefix."""

    def __init__(self, prefix: str, steps: tuple[Fault, ...]) -> None:
        self.prefix = prefix
        self._remaining = list(steps)
        self._repetitions = 0

    def matches(self, path: str) -> bool:
        return path == self.prefix or path.startswith(f"{self.prefix}/")

    def advance(self) -> Fault | None:
        if not self._remaining:
            return None
        fault = self._remaining[0]
        self._repetitions += 1
        if self._repetitions == fault.times:
            self._remaining.pop(0)
            self._repetitions = 0
        return fault


class Faults:
    """The scripts in force. The longest matching prefix of a request's path wins. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._scripts: list[_ActiveScript] = []

    def set(self, script: str, *, path: str = "/") -> None:
        """Start a script for all requests, or for those below a path. An empty script ends the one there.

        Raises:
            EmulatorError: the script is invalid.
        """
        steps = parse_fault_script(script) if script.strip() else ()
        prefix = path.lower().rstrip("/")
        with self._lock:
            self._scripts = [active for active in self._scripts if active.prefix != prefix]
            if steps:
                self._scripts.append(_ActiveScript(prefix, steps))
            self._scripts.sort(key=lambda active: -len(active.prefix))

    def advance(self, request: Request) -> Fault | None:
        """Return the fault of a request and advance its script; None if the request is served normally."""
        path = request.path.lower()
        with self._lock:
            script = next((active for active in self._scripts if active.matches(path)), None)
            return None if script is None else script.advance()
