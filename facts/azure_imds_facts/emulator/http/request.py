# SPDX-License-Identifier: Apache-2.0
"""HTTP requests as the endpoints see them, without sockets and independent of the HTTP library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Request", "RequestRecord"]


@dataclass(frozen=True)
class Request:
    """A request. `path` and `query` are percent-encoded, as received; `headers` ignores case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    parameters: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        parameters = parse_qsl(self.query, keep_blank_values=True, errors="replace")
        object.__setattr__(self, "parameters", tuple(parameters))

    @property
    def segments(self) -> tuple[str, ...]:
        """The path's segments, decoded. One trailing slash is ignored (recorded), a double slash is a segment."""
        trimmed = self.path[1:-1] if len(self.path) > 1 and self.path.endswith("/") else self.path[1:]
        return tuple(unquote(segment) for segment in trimmed.split("/"))

    @property
    def is_identity(self) -> bool:
        """Whether the path lies below /metadata/identity."""
        return tuple(segment.lower() for segment in self.segments[:2]) == ("metadata", "identity")

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None."""
        return next((value for key, value in self.parameters if key == name), None)

    def has_duplicate_parameters(self) -> bool:
        """Return whether a query parameter occurs more than once."""
        names = [name for name, _ in self.parameters]
        return len(names) != len(set(names))


@dataclass
class RequestRecord:
    """A request for a test to inspect. `status` is 0 until the response is sent, and if a fault interrupted it.

    `vm` is the name of the machine in a fleet, and empty without one.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    status: int = 0
    vm: str = ""
