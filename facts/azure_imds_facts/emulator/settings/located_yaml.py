# SPDX-License-Identifier: Apache-2.0
"""YAML nodes that know their location: errors name file, line and column."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from azure_imds_facts.emulator.errors import EmulatorError, format_os_error

from .nodes import ValueNode

if TYPE_CHECKING:
    from yaml.nodes import Node

__all__ = ["LocatedNode", "read_yaml"]

_DEEPEST, _MOST_NODES = 32, 20_000
# PyYAML reads 200 kB of the worst input a second. Aliases of a long text are as many copies of it in an answer.
_MOST_BYTES = 64 * 1024


def read_yaml(name: str) -> LocatedNode | None:
    """Read a YAML file; return None for an empty one.

    Raises:
        EmulatorError: the file cannot be read or is not YAML, or PyYAML is not installed.
    """
    try:
        import yaml
    except ImportError as error:
        raise EmulatorError("a scenario needs PyYAML: pip install 'azure-imds-facts[emulator]'") from error
    try:
        root = yaml.compose(_read_text(name), Loader=yaml.SafeLoader)
    except OSError as error:
        raise EmulatorError(f"{name}: {format_os_error(error)}") from error
    except UnicodeDecodeError as error:
        raise EmulatorError(f"{name}: not UTF-8 at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        location = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
        raise EmulatorError(f"{location}: not YAML ({error.problem})") from error
    except yaml.YAMLError as error:
        raise EmulatorError(f"{name}: not YAML ({str(error).splitlines()[0]})") from error
    except RecursionError as error:
        raise EmulatorError(f"{name}: nested too deeply; allowed: {_DEEPEST} levels") from error
    if root is None:
        return None
    _check_size(name, root)
    return LocatedNode(name, root)


def _read_text(name: str) -> str:
    with open(name, "rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise EmulatorError(f"{name}: too large; allowed: {_MOST_BYTES} bytes")
    return content.decode()


def _check_size(name: str, root: Node) -> None:
    """Reject a file whose aliases contain themselves or add up to a great many nodes or characters."""
    level, count, length = [root], 0, 0
    for _ in range(_DEEPEST):
        containers = [node for node in level if not isinstance(node.value, str)]
        length += sum(len(node.value) for node in level) - sum(len(node.value) for node in containers)
        if length > _MOST_BYTES:
            raise EmulatorError(f"{name}: too large; allowed: {_MOST_BYTES} characters, those of aliases included")
        if not containers:
            return
        # Counted before they are collected: a short file can stand for more nodes than fit into memory.
        count += sum(len(node.value) for node in containers)
        if count > _MOST_NODES:
            raise EmulatorError(f"{name}: too large; allowed: {_MOST_NODES} values, those of aliases included")
        level = [child for node in containers for child in _list_children(node)]
    raise EmulatorError(f"{name}: nested too deeply; allowed: {_DEEPEST} levels")


def _list_children(node: Node) -> list[Node]:
    """Return the items of a list, or the keys and values of a mapping."""
    return [each for child in node.value for each in (child if isinstance(child, tuple) else (child,))]


@dataclass(frozen=True)
class LocatedNode(ValueNode):
    """A node of a file. Scalars are text as written: `1` is `"1"`, and a version is not a date."""

    file: str
    node: Node

    @property
    def source(self) -> str:
        """The file."""
        return self.file

    @property
    def location(self) -> str:
        """The file, line and column."""
        mark = self.node.start_mark
        return f"{self.file}:{mark.line + 1}:{mark.column + 1}"

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return Path(self.file).parent

    @property
    def is_scalar(self) -> bool:
        """Whether the node is a single value."""
        return isinstance(self.node.value, str)

    @property
    def is_mapping(self) -> bool:
        """Whether the node is a mapping."""
        return self.node.tag.endswith(":map")

    def text(self) -> str:
        """Return the single value; an empty one is `""`."""
        if not self.is_scalar:
            self.reject("expected a single value, not a list or a mapping")
        return str(self.node.value)

    def items(self) -> list[LocatedNode]:
        """Return the elements of a list; any other node is a list of one."""
        if self.is_scalar or self.is_mapping:
            return [self]
        return [LocatedNode(self.file, item) for item in self.node.value]

    def pairs(self) -> list[tuple[LocatedNode, LocatedNode]]:
        """Return the keys and values of a mapping, in which no key occurs twice."""
        if not self.is_mapping:
            self.reject("expected a mapping")
        pairs = [(LocatedNode(self.file, key), LocatedNode(self.file, value)) for key, value in self.node.value]
        names: set[str] = set()
        for key, _ in pairs:
            if key.text() in names:
                key.reject(f"duplicate key {key.text()!r}")
            names.add(key.text())
        return pairs

    def value(self) -> Any:
        """Return the whole node, with every scalar as text."""
        if self.is_scalar:
            return "" if self.node.tag.endswith(":null") else self.text()
        if self.is_mapping:
            return {key.text(): value.value() for key, value in self.pairs()}
        return [item.value() for item in self.items()]
