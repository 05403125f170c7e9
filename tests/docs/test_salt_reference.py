# SPDX-License-Identifier: Apache-2.0
"""docs/salt-reference.md, and the docstrings that it is made of, keep to Salt's conventions."""

from __future__ import annotations

import ast
import dataclasses
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.salt.acceptance_policy import AcceptancePolicy

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts/render-salt-reference.py"
RENDERER = runpy.run_path(str(SCRIPT))
MODULES: list[tuple[str, Path, ast.Module]] = list(RENDERER["list_modules"]())
FUNCTIONS: list[tuple[str, str, ast.FunctionDef]] = [
    (kind, source.stem, function) for kind, source, tree in MODULES for function in RENDERER["list_functions"](tree)
]
# Functions that people call, by the program that they use for it.
PROGRAMS = {"modules": "salt", "runners": "salt-run"}
SINCE = re.compile(r"^ *\.\. versionadded:: \d+\.\d+\.\d+$", re.MULTILINE)


def test_up_to_date() -> None:
    """The page is what the docstrings say."""
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("kind", "source", "tree"), MODULES, ids=[f"{kind}.{source.stem}" for kind, source, _ in MODULES]
)
def test_modules(kind: str, source: Path, tree: ast.Module) -> None:
    """A module says since when it is there and under which name, and reaches the core for its errors alone."""
    assert SINCE.search(ast.get_docstring(tree) or "")
    assert f'__virtualname__ = "{source.stem}"' in source.read_text()
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert {name for name in imported if name.startswith("azure_imds_facts.core")} <= {"azure_imds_facts.core.errors"}


@pytest.mark.parametrize(
    ("kind", "module", "function"), FUNCTIONS, ids=[f"{kind}.{function.name}" for kind, _, function in FUNCTIONS]
)
def test_functions(kind: str, module: str, function: ast.FunctionDef) -> None:
    """A function says since when it is there; one that people call has each parameter and an example in Salt's form."""
    text = ast.get_docstring(function, clean=False) or ""
    assert text.startswith("\n    "), "the summary stands below the quotes"
    assert SINCE.search(text)
    if RENDERER["KINDS"][kind][1]:
        told = re.findall(r"^    (\w[\w, ]*)\n        \S", text, re.MULTILINE)
        assert [name for names in told for name in names.split(", ")] == [one.arg for one in function.args.args]
    if kind in PROGRAMS:
        example = text.partition("\n    CLI Example:\n\n    .. code-block:: bash\n\n")[2]
        assert example, "no example"
        for line in example.strip().splitlines():
            check_command(shlex.split(line), PROGRAMS[kind], f"{module}.{function.name}", function.args)


def check_command(words: list[str], program: str, name: str, given: ast.arguments) -> None:
    """Fail where a command does not call this function with arguments that it has."""
    assert words[0] == program
    assert name in words[1:3]
    arguments = words[words.index(name) + 1 :]
    known = [one.arg for one in given.args]
    assert {word.partition("=")[0] for word in arguments if "=" in word} <= set(known)
    assert len(known) - len(given.defaults) <= len(arguments) <= len(known)


def test_options() -> None:
    """The options of the beacon and of the engine are those that they take."""
    page = (ROOT / "docs/salt-reference.md").read_text()

    def told(title: str) -> list[str]:
        return re.findall(r"^- `(\w+)`: ", page.partition(f"\n## {title}\n")[2].partition("\n## ")[0], re.MULTILINE)

    source = next(tree for kind, _source, tree in MODULES if kind == "beacons")
    (keys,) = [node.value for node in source.body if isinstance(node, ast.AnnAssign) and node.target.id == "_KEYS"]  # type: ignore[union-attr]
    taken = [ast.literal_eval(key) for key in keys.keys]  # type: ignore[union-attr]
    # The rest are Salt's own for every beacon.
    assert told("Beacon `azure_imds_events`") == taken[:3]
    assert "enabled" in taken[3:]
    fields = {one.name for one in dataclasses.fields(AcceptancePolicy)} - {"anchors"}
    assert set(told("Engine `azure_imds_accept`")) == fields


@pytest.mark.parametrize(
    "text",
    [
        "A `single` backtick.",
        "An ``open literal.",
        "A `` blank `` literal.",
        "Text.\n\n.. note::\n\n    Unknown.",
        "Text.\n\n.. code-block::\n\n    no language",
        "Text.\n\n.. code-block:: bash\n\nnot indented",
        "\n    name\n        One paragraph.\n\n        Another one.\n    ",
    ],
)
def test_refused(text: str) -> None:
    """What is no valid reStructuredText, or what the page does not know how to show, is refused."""
    with pytest.raises(RENDERER["DocstringError"]):
        RENDERER["render_docstring"](text)


def test_rendered() -> None:
    """Paragraphs, literals, definitions, versions and code become Markdown."""
    found: Any = RENDERER["render_docstring"](
        "\n    Do ``it``,\n    soon.\n\n    .. versionadded:: 1.2.3\n\n    a, b\n        What ``a``\n        is.\n\n"
        "    .. code-block:: bash\n\n        one\n\n        two\n    "
    )
    assert found == "Do `it`, soon.\n\nNew in 1.2.3.\n\n- `a`, `b`: What `a` is.\n\n```bash\none\n\ntwo\n```"
