# SPDX-License-Identifier: Apache-2.0
"""The core as a package: nothing but the standard library, relative imports, and code for Python 3.8."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import azure_imds_facts.core
import pytest

from tests.support.documents import build_document
from tests.support.servers import RawServer, answering

CORE = Path(azure_imds_facts.core.__path__[0])
ROOT = Path(azure_imds_facts.__file__).parents[1]
SOURCES = sorted(CORE.rglob("*.py"))
NAMES = [".".join(path.relative_to(CORE).with_suffix("").parts).replace("__init__", "") for path in SOURCES]
# For type checkers alone, behind TYPE_CHECKING.
FOR_TYPES = {"typing_extensions"}
# Each of these costs more than all else that a warm run does.
HEAVY = {
    "http.client", "socket", "ssl", "email", "dataclasses", "inspect", "logging", "typing", "requests", "urllib.request",
    "urllib.parse", "ipaddress", "subprocess", "tempfile", "asyncio", "yaml", "importlib.metadata", "fcntl", "datetime",
}  # fmt: skip
# What only a run that asks needs: its connection, and the lock on which others wait.
NEEDED_TO_ASK = {"socket", "fcntl"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CORE)))
def test_imports(path: Path) -> None:
    """Imports are relative within the core, or of the standard library."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [str(node.module).split(".")[0]]
        elif isinstance(node, ast.ImportFrom):
            assert node.level <= len(path.relative_to(CORE).parts), "an import reaches out of the core"
            continue
        else:
            continue
        assert set(names) - FOR_TYPES <= sys.stdlib_module_names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CORE)))
def test_form(path: Path) -> None:
    """Each file has its licence line, its docstring, and the older runtime's annotations."""
    text = path.read_text()
    # REUSE-IgnoreStart
    assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n")
    # REUSE-IgnoreEnd
    assert ast.get_docstring(ast.parse(text))
    assert path.name == "__init__.py" or "from __future__ import annotations" in text


def test_events_are_part_of_it() -> None:
    """The sub-package `events` is among what is checked here, and reaches the rest of the core by level 2 alone."""
    inside = [path for path in SOURCES if path.parent == CORE / "events"]
    assert {path.stem for path in inside} >= {"__init__", "client", "model", "state", "watch"}
    for path in inside:
        imports = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ImportFrom)]
        modules = {node.module for node in imports if node.level == 1}
        assert all((CORE / f"events/{module}.py").exists() for module in modules), path.name
        beyond = {node.module for node in imports if node.level == 2 and node.module}
        assert all((CORE / f"{module}.py").exists() for module in beyond), path.name
        assert {node.level for node in imports} <= {0, 1, 2}, path.name


def find_python38() -> str | None:
    """Return a Python 3.8: from PATH, or where pyenv keeps them."""
    on_path = shutil.which("python3.8")
    candidates = [on_path] if on_path else []
    installed = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates += [str(path) for path in sorted(installed.glob("3.8.*/bin/python"))]
    for candidate in candidates:
        asked = subprocess.run(
            [candidate, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
        if asked.stdout.strip() == "(3, 8)":
            return candidate
    return None


@pytest.fixture(scope="session")
def python38() -> str:
    """A Python 3.8, or skip."""
    found = find_python38()
    if found is None:
        pytest.skip("there is no Python 3.8, neither on PATH nor with pyenv")
    return found


def test_compiles_with_python38(python38: str, tmp_path: Path) -> None:
    """Every file compiles and imports with Python 3.8."""
    program = (
        f"import importlib, sys; sys.path.insert(0, {str(CORE.parent)!r})\n"
        f"for name in {NAMES!r}: importlib.import_module(('imds.' + name).rstrip('.'))"
    )
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    done = subprocess.run([python38, "-I", "-c", program], capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (0, "")


def test_collects_with_python38(python38: str, tmp_path: Path) -> None:
    """A whole collection, over HTTP and then from the cache, works with Python 3.8."""
    program = f"""
import json, sys
sys.path.insert(0, {str(CORE.parent)!r})
from imds.collector import collect
from imds.facts import build_facts
from imds.transport import HttpTransport
from imds.reporter import Reporter
from imds.settings import build_settings
from imds.local_spelling import spell_local
from imds.salt_spelling import spell_salt
from imds.spelling import spell_ansible
settings = build_settings(dict(endpoint=sys.argv[1], cache_dir=sys.argv[2]), {{}})
for _ in range(2):
    facts = build_facts(collect(settings, open_transport=HttpTransport), reporter=Reporter())
    spell_local(facts, reporter=Reporter(), with_age=True), spell_salt(facts)
    print(json.dumps(spell_ansible(facts, reporter=Reporter())))
"""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        command = [python38, "-I", "-B", "-c", program, server.url, str(tmp_path / "cache")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    first, second = map(json.loads, done.stdout.splitlines())
    assert (first["azure_imds_snapshot_source"], second["azure_imds_snapshot_source"]) == ("imds", "cache")
    assert first["azure_imds_compute_vm_size"] == second["azure_imds_compute_vm_size"] == "Standard_D2s_v3"


def test_what_a_run_imports(tmp_path: Path) -> None:
    """The command imports nothing that costs much: with a warm cache no sockets either, and never Python's HTTP client."""
    program = """
import io, json, os, sys
before = set(sys.modules)
from azure_imds_facts.cli import main
output, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())
code = main(["facts", "--endpoint", sys.argv[1], "--cache-dir", sys.argv[2]])
sys.stdout.flush()
facts = json.loads(sys.stdout.buffer.getvalue())
print(json.dumps([code, facts["snapshot"]["source"], sorted(set(sys.modules) - before)]), file=output)
"""
    with RawServer(answering(json.dumps(build_document()).encode())) as server:
        command = [sys.executable, "-S", "-c", program, server.url, str(tmp_path / "cache")]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        runs = [subprocess.run(command, capture_output=True, text=True, check=True, env=environment) for _ in range(2)]
    (_, cold, cold_modules), (code, warm, warm_modules) = (json.loads(run.stdout) for run in runs)
    assert (code, cold, warm) == (0, "imds", "cache")
    assert HEAVY & set(cold_modules) == NEEDED_TO_ASK
    assert not HEAVY & set(warm_modules)


def test_collecting_imports_no_events() -> None:
    """Collecting, scheduled events included, imports no module of the sub-package `events`."""
    code = (
        "import sys; import azure_imds_facts.core.collector, azure_imds_facts.core.extra_categories, azure_imds_facts.core.retry;"
        "print([name for name in sys.modules if '.event' in name and name.startswith('azure')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
