# SPDX-License-Identifier: Apache-2.0
"""A request as the endpoints see it: no sockets, nothing of the HTTP library."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Asked", "Record"]


@dataclass(frozen=True)
class Asked:
    """A request. `path` and `query` are as they came, percent-encoded; `headers` are looked up without case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    pairs: tuple[tuple[str, str], ...] = field(init=False)

    def __post_init__(self) -> None:
        pairs = parse_qsl(self.query, keep_blank_values=True, errors="replace")
        object.__setattr__(self, "pairs", tuple(pairs))

    @property
    def steps(self) -> tuple[str, ...]:
        """The path's segments, decoded; one trailing slash does not count (recorded), a double one is a segment."""
        trimmed = self.path[1:-1] if len(self.path) > 1 and self.path.endswith("/") else self.path[1:]
        return tuple(unquote(step) for step in trimmed.split("/"))

    def get(self, name: str) -> str | None:
        """Return a query parameter, None where it is missing."""
        return next((value for key, value in self.pairs if key == name), None)

    def has_duplicates(self) -> bool:
        """Tell whether a query parameter is there more than once."""
        names = [name for name, _ in self.pairs]
        return len(names) != len(set(names))


@dataclass
class Record:
    """A request, for a test to look at. `status` stays 0 until it is answered, or where a fault cut that off."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    status: int = 0
