# SPDX-License-Identifier: Apache-2.0
"""The program's sources as syntax trees, and the modules that each imports."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
COLLECTION = ROOT / "collections/ansible_collections/azure_imds/facts"
CORE = COLLECTION / "plugins/module_utils/imds"
DISTRIBUTION = ROOT / "facts/azure_imds_facts"
CORE_NAME = "azure_imds_facts.core"
# The name by which the collection's own files import the core.
CORE_IN_COLLECTION = "ansible_collections.azure_imds.facts.plugins.module_utils.imds"


@dataclass(frozen=True)
class Source:
    """One module: its name, its file, its syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def lines(self) -> int:
        """How many lines the file has."""
        return len(self.path.read_text(encoding="utf-8").splitlines())

    @property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All functions, methods and inner ones included."""
        return [node for node in ast.walk(self.tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]


def read_sources() -> list[Source]:
    """Return every module that users get: the core, the distribution, the collection's plugins and extensions."""
    found = []
    for folder, package in ((CORE, CORE_NAME), (DISTRIBUTION, "azure_imds_facts")):
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            # The facade of the core has the name of the core's own package.
            found.append(Source(name=name if path != DISTRIBUTION / "core/__init__.py" else f"{name}.facade", path=path,
                                tree=ast.parse(path.read_text(encoding="utf-8"))))  # fmt: skip
    others = [*(COLLECTION / "plugins/modules").glob("*.py"), *(COLLECTION / "extensions").rglob("*.py")]
    others += [*(COLLECTION / "plugins/filter").glob("*.py"), *(COLLECTION / "plugins/plugin_utils").glob("*.py")]
    others += (COLLECTION / "roles").rglob("*.py")
    found += [Source(name=path.stem, path=path, tree=ast.parse(path.read_text(encoding="utf-8"))) for path in others]
    return found


def list_imports(source: Source, known: set[str]) -> set[str]:
    """Return the known modules that a module imports anywhere, for type checkers alone included."""
    package = source.name if source.path.name == "__init__.py" else source.name.rpartition(".")[0]
    found = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.rsplit(".", node.level - 1)[0] if node.level else ""
            base = ".".join(filter(None, (above, node.module))).replace(CORE_IN_COLLECTION, CORE_NAME)
            modules = {f"{base}.{alias.name}" for alias in node.names} & known
            found |= modules or {base}
    return (found & known) - {source.name}


def find_circle(graph: dict[str, set[str]]) -> list[str]:
    """Return the modules of one import circle in order, `[]` without one."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return [*path[path.index(name) :], name]
        if name in done:
            return []
        for imported in sorted(graph[name]):
            circle = visit(imported, [*path, name])
            if circle:
                return circle
        done.add(name)
        return []

    return next(filter(None, (visit(name, []) for name in sorted(graph))), [])
