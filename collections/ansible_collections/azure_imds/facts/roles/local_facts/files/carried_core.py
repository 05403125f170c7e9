# SPDX-License-Identifier: Apache-2.0
"""The core of azure-imds-facts and a program that uses it, in this one file: one transfer, and renewed as a whole.

The collection's roles fill in what is missing, and name the interpreter.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

# Module below the package `imds` → its source. `program` is what is run, a name with `__init__` at its end a package.
SOURCES: dict[str, str] = {}


class _Inside(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """A finder and loader of the package `imds` in SOURCES."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """Return how to load a module of the core."""
        if not any(known in SOURCES for known in _spell(name)):
            return None
        return importlib.util.spec_from_loader(name, self, is_package=self.is_package(name))

    def get_source(self, fullname: str) -> str:
        """Return a module's source."""
        return next(SOURCES[known] for known in _spell(fullname) if known in SOURCES)

    def is_package(self, fullname: str) -> bool:
        """Return whether a name is a package's."""
        return _spell(fullname)[0] in SOURCES


def _spell(name: str) -> tuple[str, str]:
    """Return what SOURCES may call a module: as a package, and as a plain one; nothing for other packages."""
    package, _dot, below = name.partition(".")
    return (f"{below}.__init__".lstrip("."), below) if package == "imds" else ("", "")


if __name__ == "__main__":
    sys.meta_path.insert(0, _Inside())
    from imds.program import main

    sys.exit(main(sys.argv[1:]))
