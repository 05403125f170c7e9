# SPDX-License-Identifier: Apache-2.0
"""The importer of an exported file, which carries this package as text. `export salt` copies what stands below.

Each exported file has the same texts, under a package name that changes with them: the files of one version share what
the first of them imported, and two versions never mix.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from importlib.machinery import ModuleSpec


class _Bundle(importlib.abc.MetaPathFinder, importlib.abc.ExecutionLoader):
    """The modules of a package, from their texts. Their lines show in tracebacks, though no such file is there."""

    def __init__(self, package: str, texts: Mapping[str, str], file: str) -> None:
        self._texts = {f"{package}.{name}".rstrip("."): text for name, text in texts.items()}
        self._file = file

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname not in self._texts:
            return None
        return importlib.util.spec_from_loader(fullname, self, origin=self.get_filename(fullname))

    def is_package(self, fullname: str) -> bool:
        return any(name.startswith(f"{fullname}.") for name in self._texts)

    def get_filename(self, fullname: str) -> str:
        inside = fullname.split(".")[1:] + ["__init__"] * self.is_package(fullname)
        return "/".join([self._file, *inside]) + ".py"

    def get_source(self, fullname: str) -> str:
        return self._texts[fullname]


def _register(package: str, texts: Mapping[str, str], file: str) -> None:
    """Make a package importable. Salt runs a file anew at each refresh: what is there already stays."""
    if package not in sys.modules:
        sys.meta_path.append(_Bundle(package, texts, file))
        importlib.import_module(package)
