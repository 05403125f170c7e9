# SPDX-License-Identifier: Apache-2.0
"""The shape of the code, as CONTRIBUTING promises it: small files, small functions, no import circle, all annotated.

And of its tests: one file for each module, under its name.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.structure.sources import CORE, DISTRIBUTION, ROOT, Source, find_circle, list_imports, read_sources

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


# Folders of modules, and where the tests of each are. A folder named `salt` below tests would hide Salt.
MIRRORED = {
    CORE: "tests/core",
    DISTRIBUTION / "commands": "tests/commands",
    DISTRIBUTION / "formats": "tests/formats",
    DISTRIBUTION / "doctor": "tests/doctor",
    DISTRIBUTION / "attestation": "tests/attestation",
    DISTRIBUTION / "salt": "tests/salt_adapter",
}
# Test files that a module does not have → the file that tests it, and why it is another one.
TESTED_ELSEWHERE = {
    "tests/commands/test_export_cloud_init.py": ("tests/boot/test_cloud_config.py", "cloud-init and a shell read it"),
    "tests/commands/test_export_salt.py": ("tests/minions/test_export.py", "a minion runs what it writes"),
    "tests/commands/test_salt_bundle.py": ("tests/minions/test_export.py", "a minion runs what it builds"),
    "tests/commands/test_export_systemd.py": ("tests/boot/test_units.py", "systemd reads what it writes"),
    "tests/commands/test_show_screen.py": (
        "tests/reported/test_show_buries_what_i_want.py",
        "people read it as a whole command prints it",
    ),
    **{
        f"tests/attestation/test_{module}.py": ("tests/attestation/test_verification.py", "its tables break each rule")
        for module in (
            "certificates",
            "chain",
            "claims",
            "clouds",
            "content",
            "envelope",
            "policy",
            "signature",
            "signed_data",
        )
    },
    "tests/core/test_facts_folder.py": ("tests/core/test_facts_file.py", "a file is written and read in one"),
    "tests/core/events/test_state_path.py": ("tests/core/events/test_locked_state.py", "a watch finds its state"),
    "tests/core/events/test_vm_name.py": ("tests/core/events/test_program.py", "a watch waits for its VM's name"),
    "tests/core/events/test_watch_options.py": ("tests/commands/test_event_flags.py", "a record without a function"),
    "tests/core/windows/test_watch.py": ("tests/windows/test_commands.py", "Windows runs it"),
    "tests/doctor/test_unix.py": ("tests/commands/test_doctor.py", "the command runs all checks"),
    "tests/doctor/test_interfaces.py": ("tests/reported/test_misleading_advice.py", "real namespaces have the routes"),
    "tests/doctor/test_lock.py": ("tests/reported/test_everything_waits_for_something.py", "real processes hold it"),
    "tests/doctor/test_findings.py": ("tests/doctor/test_answer.py", "a record without a function"),
    **{
        f"tests/salt_adapter/{module}.py": ("tests/minions/test_proof.py", "a real master runs it")
        for module in ("engines/test_azure_imds_accept", "pillar/test_azure_imds_identity", "test_minion_keys")
    },
    "tests/salt_adapter/test_bundle.py": ("tests/minions/test_export.py", "an exported file has it in it"),
    "tests/salt_adapter/test_healing.py": ("tests/minions/test_troubles.py", "a minion lives on with it"),
    "tests/salt_adapter/grains/test_azure_imds.py": (
        "tests/minions/test_targeting.py",
        "the loader of a minion runs it",
    ),
    "tests/salt_adapter/test_reloading.py": ("tests/minions/test_states.py", "a minion hears it"),
    "tests/salt_adapter/states/test_azure_imds.py": ("tests/minions/test_states.py", "a minion applies them"),
    "tests/salt_adapter/runners/test_azure_imds.py": ("tests/minions/test_states.py", "a master runs it"),
    "tests/salt_adapter/modules/test_azure_imds.py": ("tests/minions/test_module.py", "a master calls it"),
}
# Test files that are named after no module beside them, and why.
NAMED_OTHERWISE = {
    "tests/commands/test_cli.py": "cli.py stands above the commands, and what it does is tested with each of them",
    "tests/core/test_arc.py": "collections on a machine of Azure Arc, which several modules of the core know of",
    "tests/core/test_retry_processes.py": "retries among real processes, with what it takes to run them",
}


@pytest.mark.parametrize("modules", MIRRORED, ids=lambda path: path.name)
def test_tests_mirror_modules(modules: Path) -> None:
    """Each module has a test file of its name in the mirroring folder, and each test file a module."""
    place = MIRRORED[modules]
    expected = {
        f"{place}/{path.relative_to(modules).parent.as_posix()}/test_{path.name}".replace("/./", "/")
        for path in modules.rglob("*.py")
        if path.name != "__init__.py"
    }
    there = {path.relative_to(ROOT).as_posix() for path in (ROOT / place).rglob("test_*.py")}
    assert expected - there == {name for name in TESTED_ELSEWHERE if name.startswith(f"{place}/")}
    assert there - expected == {name for name in NAMED_OTHERWISE if name.startswith(f"{place}/")}


def test_tests_elsewhere_are_there() -> None:
    """The table of tests elsewhere names files that are there."""
    assert [path for path, _reason in TESTED_ELSEWHERE.values() if not (ROOT / path).is_file()] == []
