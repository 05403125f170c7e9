# SPDX-License-Identifier: Apache-2.0
"""Scenarios that stand for far more than they hold, or for themselves: refused in a line, within a second of the processor."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from azure_imds_facts.emulator import EmulatorError
from azure_imds_facts.emulator.settings.scenario import read_scenario

from tests.emulator.processes import run_command
from tests.support.speed import measure_slowness

pytest.importorskip("yaml", reason="PyYAML is not installed")

NAMES = "abcdefghi"
LAUGHS = 'a: &a ["lol"]\n' + "".join(
    f"{now}: &{now} [{', '.join(['*' + last] * 9)}]\n" for last, now in zip(NAMES, NAMES[1:])
)
BOMBS = {
    "billion laughs": (LAUGHS, "too large"),
    "billion laughs in mappings": (
        "a: &a {x: 1}\n"
        + "".join(
            f"{now}: &{now} {{{', '.join(f'{i}: *{last}' for i in range(9))}}}\n" for last, now in zip(NAMES, NAMES[1:])
        ),
        "too large",
    ),
    "a long text, many times": (
        f"a: &a {'x' * 40_000}\ndocument: {{compute: {{x: [{', '.join(['*a'] * 5000)}]}}}}",
        "too large",
    ),
    "a list of itself": ("a: &a [*a]", "nested too deeply"),
    "a mapping of itself": ("tags: &a {a: *a}", "nested too deeply"),
    "a key that is itself": ("? &a [*a]\n: b", "nested too deeply"),
    "itself, nine times": ("a: &a [*a, *a, *a, *a, *a, *a, *a, *a, *a]", "too large"),
    "a merge of itself": ("document: &a {<<: *a}", "nested too deeply"),
    "two of each other": ("a: &a [&b [*a]]", "nested too deeply"),
    "deep lists": ("a: " + "[" * 60_000, "nested too deeply"),
    "deep mappings": ("{a: " * 16_000, "nested too deeply"),
    "deep by indentation": ("- " * 20_000 + "a", "nested too deeply"),
    "a long file": ("a: b\n" * 100_000, "too large; allowed: 65536 bytes"),
    "as long as allowed": ("tags:\n" + "".join(f"  a{i}: b\n" for i in range(5_000)) + "cluod: x", "unknown key"),
    "many lists": ("a: [" + "[]," * 20_000, "not YAML"),
    "many lines": ("# comment\n" * 6_000 + "a: b", "unknown key"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_it_is_refused_at_once(tmp_path: Path, bomb: str) -> None:
    """One line that names the file, in under a second."""
    text, message = BOMBS[bomb]
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    began = time.process_time()
    with pytest.raises(EmulatorError) as caught:
        read_scenario(str(path))
    spent = time.process_time() - began
    assert str(caught.value).startswith(f"{path}:")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert spent < measure_slowness(), f"{spent:.2f} s"


def test_what_never_ends_is_refused() -> None:
    """A device that has no end is read as far as a scenario may be long."""
    result = run_command("--scenario", "/dev/zero", timeout=20)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "azure-imds-facts emulate: /dev/zero: too large; allowed: 65536 bytes\n"
