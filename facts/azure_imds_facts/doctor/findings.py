# SPDX-License-Identifier: Apache-2.0
"""What a check found."""

from __future__ import annotations

from azure_imds_facts.core.records import record

OK, NOTE, BAD, SKIPPED = "ok", "note", "bad", "skipped"


@record
class Finding:
    """One check's answer.

    `verdict`: `ok`; `note` for what does no harm to us; `bad`; `skipped` where it could not be looked at. `fix`: what
    to do, `""` where nothing has to be.
    """

    check: str
    verdict: str
    text: str
    fix: str = ""
