# SPDX-License-Identifier: Apache-2.0
"""What the commands that collect share: flags, settings, messages."""

from __future__ import annotations

import argparse

import pytest
from azure_imds_facts.commands.collection import FLAGS, ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.core.errors import UsageError


def parse(*words: str, leave_out: tuple[str, ...] = ()) -> argparse.Namespace:
    """Parse a command line of settings alone."""
    parser = argparse.ArgumentParser()
    add_settings(parser, leave_out=leave_out)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("setting", "flag", "variable", "by_flag", "by_variable"),
    [
        ("endpoint", "http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:1", "http://127.0.0.1:2"),
        ("api_version", "2021-02-01", "2021-01-01", "2021-02-01", "2021-01-01"),
        ("timeout", "7", "8", 7.0, 8.0),
        ("detect", "skip", "auto", "skip", "auto"),
        ("cache_ttl", "0", "8", 0.0, 8.0),
        ("cache_dir", "/a", "/b", "/a", "/b"),
        ("gather", "tags", "compute", {"tags": True}, {"compute": True}),
        ("reveal", "user_data", "custom_data", ("user_data",), ("custom_data",)),
    ],
)
def test_flags_and_variables(
    setting: str, flag: str, variable: str, by_flag: object, by_variable: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting has a flag, which beats its variable."""
    monkeypatch.setenv(f"AZURE_IMDS_{setting.upper()}", variable)
    words = (f"--{setting.replace('_', '-')}", flag)
    assert getattr(read_settings(parse()), setting) == by_variable
    assert getattr(read_settings(parse(*words)), setting) == by_flag


def test_default_timeout() -> None:
    """A command has a timeout of its own, which a flag beats."""
    assert read_settings(parse(), timeout=300.0).timeout == 300.0
    assert read_settings(parse("--timeout", "2"), timeout=300.0).timeout == 2.0
    with pytest.raises(UsageError, match="timeout"):
        read_settings(parse("--timeout", "soon"))


def test_settings_that_are_left_out() -> None:
    """A setting that is left out has no flag, and its default."""
    names = tuple(name for name, _metavar, _text in FLAGS)
    assert vars(parse(leave_out=names)) == {"verbose": False}
    assert tuple(read_settings(parse(leave_out=names)).gather) == ("compute", "network", "tags")


@pytest.mark.parametrize("is_verbose", [False, True])
def test_messages(is_verbose: bool, capfd: pytest.CaptureFixture[str]) -> None:
    """Messages go to standard error, requests only where every detail is requested, and do nothing to a terminal."""
    reporter = ErrorStreamReporter(is_verbose=is_verbose)
    reporter.warn("Odd\x1b[2J.")
    reporter.notice("First.")
    reporter.attempt("GET x")
    out, err = capfd.readouterr()
    expected = ["azure-imds-facts: warning: Odd?[2J.", "azure-imds-facts: First."]
    assert (out, err.splitlines()) == ("", [*expected, *(["azure-imds-facts: GET x"] if is_verbose else [])])
