#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Put a built site beside its other versions: scripts/stage-site.py HTML SITE VERSION.

SITE has a folder for each version, `versions.json`, the list that the menu on each page shows, and an `index.html` that
leads to the newest release, or to the branch while there is none. VERSION is a tag such as v1.2.3, or a branch.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
from pathlib import Path

TAG = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")
INDEX = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>azure-imds-facts</title>
<meta http-equiv="refresh" content="0; url={name}/">
<p>The documentation of <a href="{name}/">azure-imds-facts {name}</a></p>
</html>
"""


def main() -> None:
    """Stage one version, and print the list of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("html", type=Path, help="what make docs has built")
    parser.add_argument("site", type=Path, help="the folder of all versions; it is made where it does not exist")
    parser.add_argument("version", type=read_name, help="a tag such as v1.2.3, or a branch such as main")
    options = parser.parse_args()
    if not (options.html / "index.html").is_file():
        parser.error(f"{options.html} holds no site: it has no index.html. Run make docs first")
    print(*stage(options.html, options.site, options.version))


def read_name(version: str) -> str:
    """Return the folder of a tag or a branch: 1.2.3 for v1.2.3.

    Raises argparse.ArgumentTypeError for a name that is no plain folder.
    """
    if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", version):
        raise argparse.ArgumentTypeError(f"{version!r} is no name of a folder: take letters, digits, '.', '_' and '-'")
    return version[1:] if TAG.fullmatch(version) and version.startswith("v") else version


def stage(html: Path, site: Path, name: str) -> list[str]:
    """Replace the pages of this version. Return all versions, the newest release first and branches last."""
    shutil.rmtree(site / name, ignore_errors=True)
    shutil.copytree(html, site / name)
    names = sorted((path.parent.name for path in site.glob("*/index.html")), key=_rank, reverse=True)
    (site / "versions.json").write_text(json.dumps(names) + "\n", encoding="utf-8")
    (site / "index.html").write_text(INDEX.format(name=names[0]), encoding="utf-8")
    return names


def _rank(name: str) -> tuple[bool, tuple[int, ...], str]:
    numbers = TAG.fullmatch(name)
    return numbers is not None, tuple(int(number) for number in numbers.groups()) if numbers else (), name


if __name__ == "__main__":
    main()
