# SPDX-License-Identifier: Apache-2.0
"""A place in a YAML file: what stands there, and refusals that name file, line and column."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from azure_imds_facts.emulator.errors import EmulatorError
from azure_imds_facts.emulator.quantities import parse_duration, parse_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from yaml.nodes import Node

__all__ = ["Place", "read_yaml"]

T = TypeVar("T")


def read_yaml(name: str) -> Place | None:
    """Read a YAML file; None where it is empty.

    Raises:
        EmulatorError: it cannot be read or is not YAML, or PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise EmulatorError("a scenario needs PyYAML: pip install 'azure-imds-facts[emulator]'") from error
    try:
        root = yaml.compose(Path(name).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise EmulatorError(f"{name}: {(error.strerror or 'cannot be read').lower()}") from error
    except UnicodeDecodeError as error:
        raise EmulatorError(f"{name}: not UTF-8 at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise EmulatorError(f"{place}: not YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise EmulatorError(f"{name}: not YAML ({str(error).splitlines()[0]})") from error
    return None if root is None else Place(name, root)


@dataclass(frozen=True)
class Place:
    """A node of a file. Scalars are text, as they are written: `1` is `"1"` and a version is no date."""

    file: str
    node: Node

    def refuse(self, message: str) -> NoReturn:
        """Refuse what stands here.

        Raises:
            EmulatorError: always.
        """
        mark = self.node.start_mark
        raise EmulatorError(f"{self.file}:{mark.line + 1}:{mark.column + 1}: {message}")

    @contextmanager
    def located(self) -> Iterator[None]:
        """Give refusals from inside the place of this node, unless they name a place in the file already."""
        try:
            yield
        except EmulatorError as error:
            if str(error).startswith(f"{self.file}:"):
                raise
            self.refuse(str(error))

    def via(self, read: Callable[[str], T]) -> T:
        """Read the text with a function that may refuse it."""
        with self.located():
            return read(self.text())

    @property
    def is_text(self) -> bool:
        """Whether a single value stands here."""
        return isinstance(self.node.value, str)

    @property
    def is_mapping(self) -> bool:
        """Whether a mapping stands here."""
        return self.node.tag.endswith(":map")

    def text(self) -> str:
        """The single value; an empty one is `""`."""
        if not self.is_text:
            self.refuse("expected a single value, not a list or a mapping")
        return str(self.node.value)

    def number(self) -> float:
        """The single value as a number of 0 or more."""
        return self.via(parse_number)

    def truth(self) -> bool:
        """The single value as true or false."""
        text = self.text().lower()
        if text not in ("true", "false"):
            self.refuse(f"expected true or false, not {self.text()!r}")
        return text == "true"

    def duration(self) -> float:
        """The single value as seconds."""
        return self.via(parse_duration)

    def items(self) -> list[Place]:
        """The elements of a list; anything else counts as a list of one."""
        if self.is_text or self.is_mapping:
            return [self]
        return [Place(self.file, item) for item in self.node.value]

    def pairs(self) -> list[tuple[Place, Place]]:
        """The keys and values of a mapping, no key twice."""
        if not self.is_mapping:
            self.refuse("expected a mapping")
        pairs = [(Place(self.file, key), Place(self.file, value)) for key, value in self.node.value]
        seen: set[str] = set()
        for key, _ in pairs:
            if key.text() in seen:
                key.refuse(f"key {key.text()!r} is there twice")
            seen.add(key.text())
        return pairs

    def value(self) -> Any:
        """All that stands here, with every scalar as text."""
        if self.is_text:
            return "" if self.node.tag.endswith(":null") else self.text()
        if self.is_mapping:
            return {key.text(): value.value() for key, value in self.pairs()}
        return [item.value() for item in self.items()]
