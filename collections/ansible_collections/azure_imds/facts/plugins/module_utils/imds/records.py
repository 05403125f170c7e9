# SPDX-License-Identifier: Apache-2.0
"""Immutable records, as frozen dataclasses are, for a tenth of the import time."""

from __future__ import annotations

from . import errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    from typing_extensions import dataclass_transform

    T = TypeVar("T")
    # An object as `json` parses it.
    JsonObject = dict[str, Any]
else:

    def dataclass_transform(**_options):
        """Declare to type checkers that `record` makes dataclasses."""
        return lambda function: function


@dataclass_transform(frozen_default=True, kw_only_default=True)
def record(cls: type[T]) -> type[T]:
    """Give an annotated class a keyword-only constructor, equality, a repr and no way to assign afterwards.

    The standard library's `dataclasses` imports `inspect`, which costs as much as the rest of a warm run of the command
    line.
    """
    names = tuple(cls.__annotations__)
    defaults = {name: getattr(cls, name) for name in names if hasattr(cls, name)}

    def __init__(self: Any, **values: Any) -> None:
        self.__dict__.update(defaults, **values)
        if set(self.__dict__) != set(names):
            raise TypeError(f"{cls.__name__} takes {', '.join(names)}, not {', '.join(values)}")

    def __setattr__(self: Any, name: str, value: object) -> None:
        raise AttributeError(f"{cls.__name__}.{name} cannot be assigned: records do not change")

    def __eq__(self: Any, other: object) -> bool:
        return other.__class__ is cls and bool(self.__dict__ == other.__dict__)

    def __repr__(self: Any) -> str:
        return f"{cls.__name__}({self.__dict__})"

    for method in (__init__, __setattr__, __eq__, __repr__):
        setattr(cls, method.__name__, method)
    return cls


def replace(old: T, **changes: Any) -> T:
    """Return a copy of a record with some of its values changed."""
    return type(old)(**{**old.__dict__, **changes})


# IMDS nests 7 deep; the outermost object is 1.
MAX_DEPTH = 16


def rebuild(value: Any, change: Any, path: Any = "", depth: int = 0) -> Any:
    """Return a list or an object with what `change(object, path)` makes of each object in it, inner ones first.

    What does not change is shared. `path`, `depth`: the value's. Raises InvalidError for one nested over 16 deep.
    """
    if depth > MAX_DEPTH:
        raise errors.InvalidError("The answer is nested over 16 deep.")
    changed = value
    for place, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(item, (dict, list)) and (item or depth == MAX_DEPTH):
            below = rebuild(item, change, (path, place), depth + 1)
            if below is not item:
                changed = value.copy() if changed is value else changed
                changed[place] = below
    return change(changed, path) if isinstance(value, dict) else changed
