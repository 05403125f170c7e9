# SPDX-License-Identifier: Apache-2.0
"""The text of a single file for Salt's loader: a loader module, and with it all of this package that Salt needs."""

from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path

import azure_imds_facts.core
from azure_imds_facts.core.versions import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_HERE = Path(__file__).parents[1]
_CORE = Path(azure_imds_facts.core.__path__[0])
_OWN = "azure_imds_facts"
# What `choose_host` imports on Windows, by a name that is no import statement.
_ON_WINDOWS = "core.windows.host"
# Folders of the Salt adapter that Salt loads file by file on a minion.
KINDS = ("grains", "modules", "beacons", "states")


def list_loader_modules() -> list[tuple[str, Path]]:
    """Return (kind, file) of what Salt's loader takes on a minion."""
    return [
        (kind, source)
        for kind in KINDS
        for source in sorted((_HERE / "salt" / kind).glob("*.py"))
        if source.name != "__init__.py"
    ]


def build_bundle() -> tuple[str, dict[str, str]]:
    """Return the package's name, which changes with its content, and module below it → text.

    A minion keeps what it imported under a name until it ends.
    """
    sources = _list_sources()
    needed = _close_over(sources, (source for _kind, source in list_loader_modules()))
    digest = hashlib.sha256(VERSION.encode())
    texts = {name: sources[name].read_text(encoding="utf-8") for name in sorted(needed)}
    for name, text in texts.items():
        digest.update(f"\0{name}\0{text}".encode())
    package = f"azure_imds_{digest.hexdigest()[:10]}"
    return package, {name: _rename(text, package) for name, text in texts.items()}


def build_single_file(source: Path, header: str, package: str, texts: dict[str, str]) -> str:
    """Return a loader module that needs nothing beside it. Its own imports of this package come last."""
    text = source.read_text(encoding="utf-8")
    licence, _newline, rest = text.partition("\n")
    lines = rest.splitlines()
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.ImportFrom) and _is_own(node)]
    for node in reversed(imports):
        del lines[node.lineno - 2 : (node.end_lineno or node.lineno) - 1]
    return "\n".join(
        [
            licence,
            header,
            *lines,
            "",
            "",
            "# All below is azure-imds-facts itself, the same in each exported file, and what this one needs of it.",
            _cut_importer(),
            "_TEXTS = {}",
            *(f"_TEXTS[{name!r}] = r'''{_check(body)}'''" for name, body in texts.items()),
            f"_register({package!r}, _TEXTS, __file__)",
            "del _TEXTS",
            *(_rename(ast.unparse(node), package) for node in imports),
            "",
        ]
    )


def _list_sources() -> dict[str, Path]:
    """Return module below the package → its file."""
    found = {
        # Not the distribution's own __init__, which leads to the library front.
        "": _HERE / "salt" / "__init__.py",
        "requests_transport": _HERE / "requests_transport.py",
    }
    folders = {
        "core": _CORE,
        "core.events": _CORE / "events",
        "core.windows": _CORE / "windows",
        "salt": _HERE / "salt",
    }
    for part, folder in folders.items():
        for source in sorted(folder.glob("*.py")):
            found[part if source.stem == "__init__" else f"{part}.{source.stem}"] = source
    return found


def _close_over(sources: dict[str, Path], starts: Iterable[Path]) -> set[str]:
    """Return the modules that some files reach by imports, with their packages."""
    found: set[str] = set()
    waiting = [name for start in starts for name in _list_imports("", start, sources)]
    waiting.append(_ON_WINDOWS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _list_imports(name, sources[name], sources)
            waiting.append(name.rpartition(".")[0])
    return found


def _list_imports(name: str, source: Path, known: dict[str, Path]) -> Iterator[str]:
    """Yield the known modules that a file imports, inside functions too."""
    package = name if source.stem == "__init__" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.level or _is_own(node)):
            base = _resolve(node, package)
            candidates = [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
            yield from (candidate for candidate in candidates if candidate in known)


def _resolve(node: ast.ImportFrom, package: str) -> str:
    """Return the module below this package that an import names."""
    module = node.module or ""
    if not node.level:
        return module.partition(".")[2]
    above = package.split(".")[: len(package.split(".")) + 1 - node.level]
    return ".".join(filter(None, [*above, module]))


def _is_own(node: ast.ImportFrom) -> bool:
    return not node.level and (node.module or "").partition(".")[0] == _OWN


def _rename(text: str, package: str) -> str:
    return re.sub(rf"\b{_OWN}(?=\.)", package, text)


def _cut_importer() -> str:
    """Return the importer's text without what an exported file has itself."""
    text = (_HERE / "salt" / "bundle.py").read_text(encoding="utf-8")
    start = text.index("import importlib.abc")
    return text[start:].rstrip() + "\n\n"


def _check(text: str) -> str:
    """Return a text that can stand between `r'''` and `'''`."""
    if "'''" in text or text.endswith("\\"):
        raise ValueError("a source with ''' in it cannot be bundled")
    return text
