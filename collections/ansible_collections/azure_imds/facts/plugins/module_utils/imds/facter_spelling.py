# SPDX-License-Identifier: Apache-2.0
"""Facter's and OpenVox' spelling: one structured fact, `azure_imds`, with local facts' names in it."""

from __future__ import annotations

from . import records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FACT = "azure_imds"
_NUL, _REPLACEMENT = "\0", "\ufffd"


def replace_nul(content: Any) -> Any:
    """Return facts with U+FFFD in place of each NUL, in names too.

    Facter drops the whole fact for one of them (its later releases do), and PuppetDB cannot store it; anybody who may
    tag the machine could so take all facts away.
    """

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(_NUL, _REPLACEMENT)
        if isinstance(value, list):
            return [clean(item) for item in value]
        return value

    def clean_object(fields: dict[str, Any], _path: object) -> dict[str, Any]:
        return {clean(name): clean(value) for name, value in fields.items()}

    return records.rebuild([content], clean_object)[0]
