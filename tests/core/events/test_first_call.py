# SPDX-License-Identifier: Apache-2.0
"""The notice about the first request."""

from __future__ import annotations

from pathlib import Path

import pytest
from azure_imds_facts.core.events.first_call import warn_of_first_call
from azure_imds_facts.core.settings import build_settings

from tests.support.reporters import ListReporter


@pytest.mark.parametrize(("mark", "said"), [(None, 1), (b"0", 1), (b"x", 1), (b"99999999999", 1)])
def test_it_is_said_unless_it_was_a_day_ago(mark: bytes | None, said: int, tmp_path: Path) -> None:
    """It is said at first, after a long time, and after a mark that is none; the second call says nothing."""
    settings = build_settings({"cache_dir": str(tmp_path / "c")}, {})
    if mark is not None:
        (tmp_path / "c").mkdir(mode=0o700)
        (tmp_path / "c" / "events.asked").write_bytes(mark)
        (tmp_path / "c" / "events.asked").chmod(0o600)
    reporter = ListReporter()
    for _call in range(2):
        warn_of_first_call(settings, reporter)
    assert len(reporter.notices) == said
    assert "up to two minutes" in reporter.notices[0]
