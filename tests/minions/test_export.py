# SPDX-License-Identifier: Apache-2.0
"""The tree that a master serves: what is in it, and how it is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.cli import main
from azure_imds_facts.commands.export_salt import build_tree
from azure_imds_facts.commands.salt_bundle import build_bundle
from azure_imds_facts.core.versions import VERSION
from azure_imds_facts.emulator import Emulator

from tests.minions.exported import VERSIONS, write_tree
from tests.minions.long import IS_LONG


def test_every_file_says_where_it_came_from() -> None:
    """Each names the licence, then the program, its version and the source."""
    tree = build_tree()
    assert {path.split("/")[0] for path in tree} == {"_beacons", "_grains", "_modules", "_states"}
    for path, content in tree.items():
        licence, told, _rest = content.split("\n", 2)
        # REUSE-IgnoreStart
        assert licence == "# SPDX-License-Identifier: Apache-2.0", path
        # REUSE-IgnoreEnd
        assert f"`azure-imds-facts export salt` {VERSION} from azure_imds_facts/" in told
        assert Path(path).name in told


def test_all_carry_the_same() -> None:
    """The bundle is the same text in each file, and one can read it there: Salt's side and the core, no more."""
    package, texts = build_bundle()
    for content in build_tree().values():
        bundle = content.partition("_TEXTS = {}\n")[2].partition("_register(")[0]
        assert bundle == "".join(f"_TEXTS[{name!r}] = r'''{text}'''\n" for name, text in texts.items())
    assert {"", "core", "core.collector", "core.events.watch", "salt.execution", "requests_transport"} <= texts.keys()
    # Nothing of what writes files for Ansible, or of the command line.
    assert not {"core.facts_file", "core.local_facts", "salt.bundle", "salt.fleet"} & texts.keys()
    assert not any("azure_imds_facts." in text for text in texts.values())
    assert re.fullmatch(r"azure_imds_[0-9a-f]{10}", package)


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """A folder with the files of two versions."""
    for version, build in VERSIONS.items():
        write_tree(tmp_path / "trees" / version, build())
    return tmp_path / "trees"


def run_python(*arguments: str, folder: Path) -> str:
    """Run a Python program and return what it printed."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_any_files_in_any_order(trees: Path, tmp_path: Path) -> None:
    """Whichever files of two versions a minion has, and whichever it loads first, each works as its own version does."""
    how, expected = ("all", 633) if IS_LONG else ("few", 153)
    with Emulator() as imds:
        settings = {"endpoint": imds.url, "cache_dir": str(tmp_path / "cache"), "cache_ttl": 3600, "timeout": 30}
        program = str(Path(__file__).with_name("load_orders.py"))
        printed = run_python(program, str(trees), json.dumps({"azure_imds": settings}), how, folder=tmp_path)
    assert json.loads(printed) == {"sequences": expected, "wrong": [], "installed": []}


def test_nothing_leads_out_of_a_file(trees: Path, tmp_path: Path) -> None:
    """All modules of the bundle import and they need no installed part of this project."""
    package, texts = build_bundle()
    program = f"""
import importlib, runpy, sys
runpy.run_path({str(trees / "older/_grains/azure_imds.py")!r})
for name in {sorted(texts)!r}:
    importlib.import_module(f"{package}.{{name}}".rstrip("."))
print([name for name in sys.modules if name.startswith(("azure_imds_facts", "ansible"))])
"""
    assert run_python("-c", program, folder=tmp_path) == "[]\n"


def test_tracebacks_show_the_source(trees: Path, tmp_path: Path) -> None:
    """A traceback names the module inside the file, and shows its line."""
    grain = trees / "older/_grains/azure_imds.py"
    program = f"""
import runpy, sys, traceback
module = runpy.run_path({str(grain)!r})
try:
    module["grain"].build_minion_settings(5)
except AttributeError:
    traceback.print_exc(file=sys.stdout)
"""
    printed = run_python("-c", program, folder=tmp_path)
    file, line, source = re.findall(r'File "(.+)", line (\d+), in build_minion_settings\n +(.+)', printed)[-1]
    assert file == f"{grain}/salt/grain.py"
    assert source == build_bundle()[1]["salt.grain"].splitlines()[int(line) - 1].strip()


def test_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second export changes nothing, and says which files stand there."""
    assert main(["export", "salt", str(tmp_path)]) == 0
    first = {path: path.read_bytes() for path in tmp_path.rglob("*.py")}
    assert sorted(capsys.readouterr().out.split()) == sorted(map(str, first))
    assert main(["export", "salt", str(tmp_path)]) == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first
    assert {path.stat().st_mode & 0o777 for path in first} == {0o644}


def test_older_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What an older export kept under `_utils` stays, since minions may still need it; the message says until when."""
    older = tmp_path / "_utils/azure_imds_0123456789/__init__.py"
    write_tree(tmp_path, {str(older): "", str(tmp_path / "_utils/theirs/__init__.py"): ""})
    assert main(["export", "salt", str(tmp_path)]) == 0
    assert older.exists()
    told = capsys.readouterr().err
    assert f"{older.parent} is of an older export. Remove it once every minion has run saltutil.sync_all." in told
    assert "theirs" not in told


def test_files_of_others_are_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file by one of our names that is not ours ends it with `usage`, before anything is written."""
    theirs = tmp_path / "_modules/azure_imds.py"
    theirs.parent.mkdir()
    theirs.write_text("# theirs\n")
    assert main(["export", "salt", str(tmp_path)]) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [theirs]
    assert f"{theirs} is there already" in capsys.readouterr().err
