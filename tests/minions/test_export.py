# SPDX-License-Identifier: Apache-2.0
"""The tree that a master serves: what is in it, and how it is written."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from azure_imds_facts.cli import main
from azure_imds_facts.commands.export_salt import build_tree
from azure_imds_facts.core.versions import VERSION


def test_every_file_says_where_it_came_from() -> None:
    """Each names the licence, then the program, its version and the source."""
    tree = build_tree()
    assert {path.split("/")[0] for path in tree} == {"_beacons", "_grains", "_modules", "_utils"}
    for path, content in tree.items():
        licence, told, _rest = content.split("\n", 2)
        assert licence == "# SPDX-License-Identifier: Apache-2.0", path
        assert f"`azure-imds-facts export salt` {VERSION} from azure_imds_facts/" in told
        assert Path(path).name in told


def test_nothing_leads_out_of_the_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package imports as a whole where neither this project nor anything but Salt's own needs are there."""
    monkeypatch.chdir(tmp_path)
    assert main(["export", "salt"]) == 0
    package = next((tmp_path / "_utils").iterdir())
    modules = [".".join(path.relative_to(tmp_path / "_utils").with_suffix("").parts) for path in package.rglob("*.py")]
    assert len(modules) > 30
    program = f"""
import importlib, sys
sys.path[:0] = [{str(tmp_path / "_utils")!r}]
for name in {modules!r}:
    importlib.import_module(name.removesuffix(".__init__"))
sys.exit(any(name.startswith(("azure_imds_facts", "ansible")) for name in sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_written_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second export changes nothing, and says which files stand there."""
    assert main(["export", "salt", str(tmp_path)]) == 0
    first = {path: path.read_bytes() for path in tmp_path.rglob("*.py")}
    assert sorted(capsys.readouterr().out.split()) == sorted(map(str, first))
    assert main(["export", "salt", str(tmp_path)]) == 0
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == first
    assert {path.stat().st_mode & 0o777 for path in first} == {0o644}


def test_older_package_is_removed(tmp_path: Path) -> None:
    """An older package of ours goes; what others keep under `_utils` stays."""
    assert main(["export", "salt", str(tmp_path)]) == 0
    utils = tmp_path / "_utils"
    current = next(utils.iterdir())
    current.rename(utils / "azure_imds_0123456789")
    for name in ("azure_imds_abcdefabcd", "their_package"):
        (utils / name).mkdir()
        (utils / name / "__init__.py").write_text("# theirs\n")
    assert main(["export", "salt", str(tmp_path)]) == 0
    assert {path.name for path in utils.iterdir()} == {current.name, "azure_imds_abcdefabcd", "their_package"}


def test_files_of_others_are_not_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file by one of our names that is not ours ends it with `usage`, before anything is written."""
    theirs = tmp_path / "_modules/azure_imds.py"
    theirs.parent.mkdir()
    theirs.write_text("# theirs\n")
    assert main(["export", "salt", str(tmp_path)]) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [theirs]
    assert f"{theirs} is there already" in capsys.readouterr().err


def test_package_is_not_what_salt_ssh_takes_along(tmp_path: Path) -> None:
    """What docs/salt.md says of salt-ssh: of such a tree it takes the files that Salt loads, and not the package."""
    assert main(["export", "salt", str(tmp_path)]) == 0
    program = f"""
import io, json, tarfile, types
from salt.client import ssh
opts = {{"file_roots": {{"base": [{str(tmp_path)!r}]}}, "extension_modules": "", "cachedir": {str(tmp_path)!r}}}
found = ssh.mod_data(types.SimpleNamespace(opts=opts, envs=lambda: ["base"]))
with tarfile.open(found["file"]) as packed:
    print(json.dumps(sorted(packed.getnames())))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [name for name in json.loads(done.stdout) if name.endswith(".py")] == [
        "grains/azure_imds.py",
        "modules/azure_imds.py",
    ]
