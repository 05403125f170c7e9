# SPDX-License-Identifier: Apache-2.0
"""The table of settings, and what is derived from it."""

from __future__ import annotations

import argparse
from dataclasses import MISSING, fields

from azure_imds_facts.emulator.control.changes import CHANGES
from azure_imds_facts.emulator.http.limits import Quota
from azure_imds_facts.emulator.settings.flags import add_arguments, read_flags
from azure_imds_facts.emulator.settings.setting import APPEND
from azure_imds_facts.emulator.settings.table import LIMITS, PROCESS, SETTINGS, Settings

# Defaults that are text for people only.
DESCRIBED = {"attested_fault", "proxy_agent", "versions", "retry_after", "load_balancer", "tenant_id", "port"}
# Changes that no flag makes, or that are no setting of their own.
RUN_TIME_CHANGES = {"proxy_agent", "untag", "resize", "throttle", "cancel_event"}


def parse_flags(*words: str) -> Settings:
    """Read settings from flags."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return read_flags(parser.parse_args(words))


def test_every_setting_has_a_row() -> None:
    """Each field of the settings has a row, except the name of the document."""
    assert {row.name for row in SETTINGS} == {field.name for field in fields(Settings)} - {"document_name"}
    assert all(field.default is not MISSING for field in fields(Settings))


def test_names_are_unique() -> None:
    """No flag and no key of a scenario file belongs to two settings."""
    assert len({row.flag for row in SETTINGS}) == len({row.key for row in SETTINGS}) == len(SETTINGS)


def test_defaults_for_people_are_the_defaults() -> None:
    """The default in the help of a flag, given as a flag, changes nothing."""
    rows = [row for row in SETTINGS if row.default and row.name not in DESCRIBED]
    assert len(rows) == 10
    for row in rows:
        assert parse_flags(row.flag, row.default) == Settings(), row.flag


def test_no_flag_changes_nothing() -> None:
    """Without flags every setting has its default."""
    assert parse_flags() == Settings()


def test_limits_are_the_fields_of_a_quota() -> None:
    """Each limit is a setting, a field of a quota, and can be changed at run time."""
    assert LIMITS == ("rate_limit", "identity_rate_limit", "retry_after")
    settings = Settings(rate_limit=1, identity_rate_limit=2, retry_after=3)
    assert settings.quota == Quota(rate_limit=1, identity_rate_limit=2, retry_after=3)
    assert Settings().quota == Quota()


def test_changes_are_named_like_flags() -> None:
    """A change that adds to a setting has the name of its flag. What is served where stays as it was started."""
    repeatable = {row.flag.lstrip("-") for row in SETTINGS if row.repeat == APPEND and row.group != PROCESS}
    assert repeatable == CHANGES.keys() - RUN_TIME_CHANGES
