# SPDX-License-Identifier: Apache-2.0
"""A program: load every subset of the files of two versions in every order, as one minion's process does.

Arguments: a folder with a folder a version, the minion's options as JSON, and `all` orders or a `few`: as listed, and
the other way round. It prints one line of JSON: how many sequences there were, and what was wrong.
"""

from __future__ import annotations

import functools
import importlib.abc
import itertools
import json
import sys
import types
from pathlib import Path
from typing import Any

# Each sequence runs the bundled modules anew; their texts are compiled once.
_COMPILE_ONCE: Any = staticmethod(functools.cache(importlib.abc.InspectLoader.source_to_code))
importlib.abc.InspectLoader.source_to_code = _COMPILE_ONCE  # type: ignore[method-assign]


@functools.cache
def _compile(path: Path) -> Any:
    return compile(path.read_text(), str(path), "exec")


def _load(path: Path) -> Any:
    """Run a file as Salt's loader does, and give it what that gives."""
    name = f"salt.loaded.ext.{path.parent.name[1:]}.{path.stem}"
    module: Any = types.ModuleType(name)
    module.__file__ = str(path)
    exec(_compile(path), vars(module))
    return module


def _forget(finders: list[Any]) -> None:
    sys.meta_path[:] = finders
    for name in [name for name in sys.modules if name.startswith("azure_imds_")]:
        del sys.modules[name]


def _list_orders(present: list[Path], how: str) -> list[tuple[Path, ...]]:
    if how == "all":
        return list(itertools.permutations(present))
    return list({tuple(present), tuple(reversed(present))})


def main(root: Path, opts: dict[str, Any], how: str) -> None:
    """Try them all."""
    finders, count, wrong = list(sys.meta_path), 0, []
    versions = sorted(path.name for path in root.iterdir())
    files = sorted(str(path.relative_to(root / versions[0])) for path in (root / versions[0]).rglob("*.py"))
    for chosen in itertools.product([None, *versions], repeat=len(files)):
        present = [root / version / file for version, file in zip(chosen, files) if version]
        for order in _list_orders(present, how):
            _forget(finders)
            count += 1
            loaded = [(path, _load(path)) for path in order]
            for path, module in loaded:
                module.__opts__ = opts
                if path.parent.name == "_grains":
                    cloud = module.azure_imds().get("azure_imds", {}).get("cloud")
                elif path.parent.name == "_modules":
                    cloud = module.facts()["cloud"]
                else:
                    continue
                version = path.relative_to(root).parts[0]
                if cloud != {"older": "AzureCloud", "newer": "NewerAzureCloud"}[version]:
                    wrong.append([[str(path.relative_to(root)) for path in order], cloud])
    installed = [name for name in sys.modules if name.startswith("azure_imds_facts")]
    print(json.dumps({"sequences": count, "wrong": wrong[:5], "installed": installed}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3])
