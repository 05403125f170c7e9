# SPDX-License-Identifier: Apache-2.0
"""The bill of materials is CycloneDX 1.6, names all that comes with the distribution, and is the same bytes each time."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core import versions

from tests.boot.test_single_file import find_python

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/build-sbom.py"
NAME = f"azure-imds-facts-{versions.VERSION}.cdx.json"


def build(folder: Path, python: str = sys.executable, **more: str) -> bytes:
    """Return what the script writes."""
    subprocess.run(
        [python, str(SCRIPT), str(folder)], env={**os.environ, **more}, check=True, stdout=subprocess.DEVNULL
    )
    return (folder / NAME).read_bytes()


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document as a reader gets it."""
    return json.loads(build(tmp_path_factory.mktemp("sbom")))


def test_it_has_what_the_schema_requires(document: dict[str, Any]) -> None:
    """Each object has the required fields of the schema, references are unique, and none leads nowhere."""
    assert (document["bomFormat"], document["specVersion"], document["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", document["serialNumber"])
    components = [document["metadata"]["component"], *document["components"]]
    for component in components:
        assert component["type"] in {"application", "library"}
        assert component["name"]
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
    references = [component["bom-ref"] for component in components]
    assert len(set(references)) == len(references)
    assert {entry["ref"] for entry in document["dependencies"]} == set(references)
    for entry in document["dependencies"]:
        assert set(entry["dependsOn"]) <= set(references)


def test_it_names_all_that_comes_along(document: dict[str, Any]) -> None:
    """Requests and what it brings are required, those of the extras optional, each in the version that is installed here."""
    scopes = {component["name"]: component["scope"] for component in document["components"]}
    assert {name for name, scope in scopes.items() if scope == "required"} == {
        "requests", "certifi", "charset-normalizer", "idna", "urllib3",
    }  # fmt: skip
    assert {"aiohttp", "cryptography", "pyyaml", "cffi", "yarl"} <= {
        name for name, scope in scopes.items() if scope == "optional"
    }
    assert not {"salt", "pytest", "ansible-core"} & set(scopes)
    for component in document["components"]:
        assert component["version"] == importlib.metadata.version(component["name"])


def test_another_python_writes_the_same(tmp_path: Path) -> None:
    """The interpreter's version changes nothing, though the packages' conditions ask for it."""
    python = find_python("python3.13" if sys.version_info[:2] != (3, 13) else "python3.12")
    packages = str(importlib.metadata.distribution("packaging").locate_file(""))
    again = build(tmp_path / "b", python, PYTHONPATH=packages)
    assert again == build(tmp_path / "a")


def test_what_is_not_locked_is_refused_in_one_line(tmp_path: Path) -> None:
    """Another version than the lock's ends the build, for its bill would name what was not tested."""
    packages = tmp_path / "requests-0.1.dist-info"
    packages.mkdir()
    (packages / "METADATA").write_text("Metadata-Version: 2.1\nName: requests\nVersion: 0.1\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "dist")],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("build-sbom: requests 0.1 is installed, requirements/runtime.txt has ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "dist").exists()
