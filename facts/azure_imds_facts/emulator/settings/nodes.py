# SPDX-License-Identifier: Apache-2.0
"""Values of settings that know where they were given: in a scenario file, or as arguments of `Emulator`."""

from __future__ import annotations

import abc
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from azure_imds_facts.emulator.errors import EmulatorError, format_value

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["GivenNode", "ValueNode"]

T = TypeVar("T")


class ValueNode(abc.ABC):
    """A single value, a list or a mapping. Errors begin with its location."""

    @property
    @abc.abstractmethod
    def source(self) -> str:
        """The name of the file or the argument, with which every location in it begins."""

    @property
    @abc.abstractmethod
    def location(self) -> str:
        """Where the value is."""

    @property
    @abc.abstractmethod
    def folder(self) -> Path:
        """The folder that paths are relative to."""

    @property
    @abc.abstractmethod
    def is_scalar(self) -> bool:
        """Whether the node is a single value."""

    @property
    @abc.abstractmethod
    def is_mapping(self) -> bool:
        """Whether the node is a mapping."""

    @abc.abstractmethod
    def text(self) -> str:
        """Return the single value as text."""

    @abc.abstractmethod
    def items(self) -> Sequence[ValueNode]:
        """Return the elements of a list; any other node is a list of one."""

    @abc.abstractmethod
    def pairs(self) -> Sequence[tuple[ValueNode, ValueNode]]:
        """Return the keys and values of a mapping."""

    @abc.abstractmethod
    def value(self) -> Any:
        """Return the whole node."""

    def boolean(self) -> bool:
        """Return the single value as true or false."""
        text = self.text().lower()
        if text not in ("true", "false"):
            self.reject(f"expected true or false, not {self.text()!r}")
        return text == "true"

    def parse(self, parse: Callable[[str], T]) -> T:
        """Parse the text; add the location to errors."""
        with self.locate_errors():
            return parse(self.text())

    def check(self, check: Callable[[object], T]) -> T:
        """Check the whole value; add the location to errors."""
        with self.locate_errors():
            return check(self.value())

    def reject(self, message: str) -> NoReturn:
        """Reject this node.

        Raises:
            EmulatorError: always; the message begins with the location.
        """
        raise EmulatorError(f"{self.location}: {message}")

    @contextmanager
    def locate_errors(self) -> Iterator[None]:
        """Add the location of this node to errors raised inside, unless they have one in this source already."""
        try:
            yield
        except EmulatorError as error:
            if str(error).startswith((f"{self.source}:", f"{self.source}[")):
                raise
            self.reject(str(error))


@dataclass(frozen=True)
class GivenNode(ValueNode):
    """A value from Python: an argument, or a part of one. `at` is empty, or like `[0]` or `['env']`."""

    argument: str
    given: Any
    at: str = ""

    @property
    def source(self) -> str:
        """The name of the argument."""
        return self.argument

    @property
    def location(self) -> str:
        """The argument, and where in it, such as `events[0]`."""
        return f"{self.argument}{self.at}"

    @property
    def folder(self) -> Path:
        """The working directory."""
        return Path()

    @property
    def is_scalar(self) -> bool:
        """Whether the value is anything but a collection."""
        return isinstance(self.given, str) or not isinstance(self.given, Iterable)

    @property
    def is_mapping(self) -> bool:
        """Whether the value is a mapping."""
        return isinstance(self.given, Mapping)

    def text(self) -> str:
        """Return text, a path or a number as text, and a truth value as in a scenario file."""
        if isinstance(self.given, bool):
            return str(self.given).lower()
        if not isinstance(self.given, (str, int, float, os.PathLike)):
            self.reject(f"expected text or a number, not {format_value(self.given)}")
        return str(self.given)

    def items(self) -> list[GivenNode]:
        """Return the elements of a collection; any other value is a list of one."""
        if self.is_scalar or self.is_mapping:
            return [self]
        return [self._child(each, number) for number, each in enumerate(self.given)]

    def pairs(self) -> list[tuple[GivenNode, GivenNode]]:
        """Return the keys and values of a mapping, or of a list of pairs."""
        if self.is_mapping:
            return [(self._child(key, key), self._child(value, key)) for key, value in self.given.items()]
        return [item.pair() for item in self.items()]

    def pair(self) -> tuple[GivenNode, GivenNode]:
        """Return the name and the value of a pair."""
        if not (isinstance(self.given, (list, tuple)) and len(self.given) == 2):
            self.reject(f"expected a mapping, or pairs of a name and a value, not {format_value(self.given)}")
        key, value = self.given
        return self._child(key, 0), self._child(value, 1)

    def value(self) -> Any:
        """Return the value as it was given."""
        return self.given

    def _child(self, given: Any, key: object) -> GivenNode:
        return GivenNode(self.argument, given, f"{self.at}[{format_value(key)}]")
