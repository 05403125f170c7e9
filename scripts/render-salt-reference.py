#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write docs/salt-reference.md from the docstrings of the Salt modules; with --check only say whether it is up to date.

Docstrings are reStructuredText, as Salt's are. Of that this knows what they use, and refuses the rest.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
SALT = ROOT / "facts/azure_imds_facts/salt"
_PAGE = ROOT / "docs/salt-reference.md"
# Folder → what Salt calls it, and whether people call its functions; of the others Salt calls them.
KINDS = {
    "grains": ("Grain", False),
    "modules": ("Execution module", True),
    "states": ("State module", True),
    "beacons": ("Beacon", False),
    "runners": ("Runner", True),
    "engines": ("Engine", False),
    "pillar": ("External pillar", False),
}
_HEAD = """\
<!-- Made by scripts/render-salt-reference.py from docstrings of facts/azure_imds_facts/salt: change them, not it. -->
# Salt reference

Every function, state and option for Salt. [Salt](salt.md) explains delivery and use, [Reference](reference.md) facts
and settings. On a minion, `sys.doc azure_imds` and `sys.state_doc azure_imds` print the same.
"""
_DIRECTIVE = re.compile(r"\.\. ([\w-]+):: ?(.*)")


class DocstringError(Exception):
    """A docstring has something in it that this does not know, or that is no valid reStructuredText."""


def list_modules() -> Iterator[tuple[str, Path, ast.Module]]:
    """Yield folder, file and syntax tree of what Salt's loader takes, in the page's order."""
    for kind in KINDS:
        for source in sorted((SALT / kind).glob("[!_]*.py")):
            yield kind, source, ast.parse(source.read_text(encoding="utf-8"))


def list_functions(tree: ast.Module) -> list[ast.FunctionDef]:
    """Return what of a module is public, in the order of its source."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def render_docstring(text: str) -> str:
    """Return a docstring as Markdown. Raises DocstringError."""
    blocks = [_render_block(block) for block in _split(inspect.cleandoc(text))]
    return "\n\n".join(block for block in blocks if block)


def _split(text: str) -> Iterator[list[str]]:
    """Yield the blocks: each begins at the margin, and what is indented below belongs to it."""
    block: list[str] = []
    for line in text.splitlines():
        is_new = bool(line) and not line.startswith(" ") and (not block or not block[-1])
        if is_new and block:
            yield block
            block = []
        block.append(line)
    yield block


def _render_block(block: list[str]) -> str:
    first, *rest = block
    directive = _DIRECTIVE.fullmatch(first)
    body = inspect.cleandoc("\n".join(rest)).rstrip()
    if directive and directive[1] == "versionadded" and directive[2] and not body:
        return f"New in {directive[2]}."
    if directive and directive[1] == "code-block" and directive[2] and body:
        return f"```{directive[2]}\n{body}\n```"
    if directive or first.startswith(("..", " ")):
        raise DocstringError(f"this directive is not known: {first}")
    if rest and rest[0].startswith("    "):
        names = ", ".join(f"`{name}`" for name in first.split(", "))
        return f"- {names}: {_render_text(body.splitlines())}"
    return _render_text([line for line in block if line])


def _render_text(lines: list[str]) -> str:
    """Return one paragraph; literals are the only markup."""
    text = " ".join(line.strip() for line in lines)
    if any(not line for line in lines) or "`" in re.sub(r"(?<![\w`])``[^` ](?:[^`]*[^` ])?``(?![\w`])", "", text):
        raise DocstringError(f"neither one paragraph nor literals in pairs of backticks: {text}")
    return text.replace("``", "`")


def spell_call(module: str, function: ast.FunctionDef) -> str:
    """Return a function's name, parameters and defaults."""
    given = function.args
    words = [one.arg for one in given.args]
    for place, value in enumerate(given.defaults, len(words) - len(given.defaults)):
        words[place] += f"={ast.unparse(value)}"
    return f"{module}.{function.name}({', '.join(words)})"


def render() -> str:
    """Return the page."""
    parts = [_HEAD]
    for kind, source, tree in list_modules():
        name, is_called = KINDS[kind]
        parts += [f"## {name} `{source.stem}`\n", render_docstring(ast.get_docstring(tree, clean=False) or "") + "\n"]
        for function in list_functions(tree) if is_called else []:
            parts.append(f"### `{spell_call(source.stem, function)}`\n")
            parts.append(render_docstring(ast.get_docstring(function, clean=False) or "") + "\n")
    # A list's items stand close together.
    return re.sub(r"(?m)^(- .*)\n\n(?=- )", r"\1\n", "\n".join(parts))


def main() -> int:
    """Write or check."""
    text = render()
    if "--check" not in sys.argv[1:]:
        _PAGE.write_text(text, encoding="utf-8")
    elif not _PAGE.exists() or _PAGE.read_text(encoding="utf-8") != text:
        print(
            "docs/salt-reference.md is not what the docstrings say: run scripts/render-salt-reference.py",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
