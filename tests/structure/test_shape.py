# SPDX-License-Identifier: Apache-2.0
"""The shape of the code, as CONTRIBUTING promises it: small files, small functions, no import circle, all annotated."""

from __future__ import annotations

import ast

import pytest

from tests.structure.sources import Source, find_circle, list_imports, read_sources

SOURCES = read_sources()
BRANCHES = (
    ast.If, ast.For, ast.While, ast.ExceptHandler, ast.IfExp, ast.BoolOp, ast.comprehension, ast.With, ast.Assert,
)  # fmt: skip
MOST_LINES = 270
MOST_FUNCTION_LINES, MOST_FUNCTION_LINES_OF_95_PERCENT = 70, 40
MOST_BRANCHES = 12
# Definitions that stand in for the standard library's, for old Pythons; their file has the reason.
UNANNOTATED = {"azure_imds_facts.core.records": {"dataclass_transform"}}


def test_no_import_circle() -> None:
    """No module of the core or the distribution imports itself by others, for type checkers alone included."""
    known = {source.name for source in SOURCES if source.name.startswith("azure_imds_facts")}
    graph = {source.name: list_imports(source, known) for source in SOURCES if source.name in known}
    assert sum(map(len, graph.values())) > 200, "imports are not found"
    assert find_circle(graph) == []


def test_a_circle_is_found() -> None:
    """The search finds a circle, and passes a diamond."""
    assert find_circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert find_circle({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}) == []


def test_layers() -> None:
    """The core imports nothing of the distribution, and the emulator nothing of the core's client side."""
    known = {source.name for source in SOURCES}
    for source in SOURCES:
        imported = list_imports(source, known)
        if source.name.startswith("azure_imds_facts.core."):
            assert all(name.startswith("azure_imds_facts.core") for name in imported), source.name
        if source.name.startswith("azure_imds_facts.emulator."):
            assert not {name for name in imported if name.startswith("azure_imds_facts.core")}, source.name


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_size(source: Source) -> None:
    """Files and functions are small, and no function branches often."""
    assert source.lines <= MOST_LINES
    for function in source.functions:
        assert (function.end_lineno or 0) - function.lineno < MOST_FUNCTION_LINES, function.name
        branches = 1 + sum(isinstance(node, BRANCHES) for node in ast.walk(function))
        assert branches <= MOST_BRANCHES, function.name


def test_most_functions_are_small() -> None:
    """Of all functions 95 percent have few lines."""
    lengths = sorted(
        (function.end_lineno or 0) - function.lineno + 1 for source in SOURCES for function in source.functions
    )
    assert lengths[int(0.95 * (len(lengths) - 1))] <= MOST_FUNCTION_LINES_OF_95_PERCENT


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_annotated(source: Source) -> None:
    """Every parameter and every result has a type."""
    for function in source.functions:
        if function.name in UNANNOTATED.get(source.name, ()):
            continue
        given = function.args
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        missing = [one.arg for one in named if one.annotation is None and one.arg not in ("self", "cls")]
        assert not missing, function.name
        assert function.returns is not None or function.name == "__init__", function.name


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_parameters_shadow_no_module(source: Source) -> None:
    """No parameter has the name of a module that its file imports as a whole."""
    modules = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.module)
        for alias in node.names
    }
    for function in source.functions:
        given = function.args
        named = {one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)}
        assert not named & modules, function.name
