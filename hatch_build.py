# SPDX-License-Identifier: Apache-2.0
"""README.md as PyPI shows it: links and pictures lead to the sources of the version that is built."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

PAGES = "https://github.com/azure-imds/azure-imds-facts/blob/v{version}/"
PICTURES = "https://raw.githubusercontent.com/azure-imds/azure-imds-facts/v{version}/"
_LINK = re.compile(r"(?P<picture>!?)\[(?P<text>[^\]]*)\]\((?P<path>[^):#]+)(?P<anchor>#[^)]*)?\)")


class ReadmeHook(MetadataHookInterface):
    """hatchling calls it for `[tool.hatch.metadata.hooks.custom]`."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the field `readme`, for which pyproject.toml says `dynamic`."""
        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {"content-type": "text/markdown", "text": link_to_sources(text, metadata["version"])}


def link_to_sources(text: str, version: str) -> str:
    """Make relative links of a page absolute."""

    def link(match: re.Match[str]) -> str:
        start = (PICTURES if match["picture"] else PAGES).format(version=version)
        return f"{match['picture']}[{match['text']}]({start}{match['path']}{match['anchor'] or ''})"

    return _LINK.sub(link, text)
