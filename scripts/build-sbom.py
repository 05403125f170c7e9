#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build dist/azure-imds-facts-VERSION.cdx.json: what comes with the distribution, as CycloneDX 1.6.

Names come from pyproject.toml and the metadata of the installed packages, versions from requirements/runtime.txt: those
that the tests ran with. The single file and the collection bring nothing but themselves. No date: the same sources, the
same bytes.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import re
import sys
import uuid
from pathlib import Path
from typing import Any

import tomllib
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("yaml", "attest", "emulator")
# What the locks hold for, whichever Python runs this.
ENVIRONMENT = {"python_version": "3.11", "python_full_version": "3.11.0", "extra": ""}
Graph = dict[str, list[str]]


def main() -> int:
    """Write the document and print its path."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "dist")
    folder: Path = parser.parse_args().folder
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    document = build(project["project"], read_version(project["tool"]["hatch"]["version"]["path"]))
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{project['project']['name']}-{document['metadata']['component']['version']}.cdx.json"
    target.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(target)
    return 0


def build(project: dict[str, Any], version: str) -> dict[str, Any]:
    """Return the document: https://cyclonedx.org/docs/1.6/json/."""
    pins = dict(re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", (ROOT / "requirements/runtime.txt").read_text("utf-8")))
    pins = {canonicalize_name(name): pin for name, pin in pins.items()}
    direct = name_all(project["dependencies"])
    required = follow(direct, pins)
    direct = sorted(
        {*direct, *name_all([line for extra in EXTRAS for line in project["optional-dependencies"][extra]])}
    )
    everything = follow(direct, pins)
    own = {**describe(project["name"], version, "application"), "licenses": [{"expression": project["license"]}]}
    parts = [
        {**describe(name, pins[name], "library"), "scope": "required" if name in required else "optional"}
        for name in sorted(everything)
    ]
    references = {part["name"]: part["bom-ref"] for part in parts}
    needs = {own["bom-ref"]: direct, **{references[name]: everything[name] for name in sorted(everything)}}
    graph = [{"ref": ref, "dependsOn": [references[name] for name in names]} for ref, names in needs.items()]
    content = {"metadata": {"component": own}, "components": parts, "dependencies": graph}
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(content, sort_keys=True))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "serialNumber": f"urn:uuid:{number}",
        **content,
    }


def describe(name: str, version: str, kind: str) -> dict[str, Any]:
    """Return a component, whose package URL is its name in the document too."""
    reference = f"pkg:pypi/{name}@{version}"
    return {"type": kind, "name": name, "version": version, "purl": reference, "bom-ref": reference}


def follow(names: list[str], pins: dict[str, str]) -> Graph:
    """Return each package that these bring, and what it needs itself; ends the program where one is not as locked."""
    graph: Graph = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in graph:
            continue
        try:
            package = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            sys.exit(f"build-sbom: {name} is not installed beside {sys.executable}; set that environment up anew")
        if package.version != pins.get(name):
            locked = pins.get(name, "nothing")
            sys.exit(f"build-sbom: {name} {package.version} is installed, requirements/runtime.txt has {locked}")
        graph[name] = name_all(package.requires or ())
        waiting += graph[name]
    return graph


def name_all(lines: list[str] | tuple[()]) -> list[str]:
    """Return the names of the requirements that count here, without those of extras."""
    wanted = map(Requirement, lines)
    return sorted({canonicalize_name(one.name) for one in wanted if not one.marker or one.marker.evaluate(ENVIRONMENT)})


def read_version(path: str) -> str:
    """Return the distribution's version."""
    (version,) = re.findall(r'(?m)^VERSION = "(.+)"$', (ROOT / path).read_text(encoding="utf-8"))
    return str(version)


if __name__ == "__main__":
    sys.exit(main())
