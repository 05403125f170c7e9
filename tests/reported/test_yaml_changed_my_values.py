# SPDX-License-Identifier: Apache-2.0
"""Reported: "my git hash became a number", "the master reads another tag than IMDS has", "the YAML lies to the eye"."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts.core.facts import Snapshot, build_facts
from azure_imds_facts.core.local_spelling import spell_local
from azure_imds_facts.core.reporter import Reporter
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.documents import build_document

yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
local_yaml = pytest.importorskip("azure_imds_facts.formats.local_yaml")

# Where `npm install --prefix build/js js-yaml` puts it.
JS = Path(__file__).parents[2] / "build/js/node_modules"

# Each is a string to JSON, and something else to some reader of YAML when it stands there plain, or is lost there.
ODD = (
    "1234e56", "08", "0o17", "1e3", "0x1f", "017", "1_000", "190:20:30", "+1", ".5", "1.", "12e03", "-0",
    ".inf", "-.INF", ".nan", "true", "yes", "No", "off", "y", "null", "~", "", " ", "=", "<<", "---", "...", "%TAG",
    "2001-12-14", "2001-12-14T21:59:43.10-05:00", "!!int 3", "&a", "*a", "- x", "? x", "a: b", "a #b", "#", "'", '"', "\\",
    "{}", "[]", "{{ x }}", "|", ">", "@", "`", "__proto__", "constructor",
    "a\x85b", "a\u2028b", "a\u2029b", "a\nb", "a\r\nb", "\ttab", " leading", "trailing ", "a\n\n b", "\x00", "\x1b[2J",
    "\x7f", "\x9b", "\u202ereversed", "\u2066x\u2069", "a\u200bb", "\ufeffbom", "\ufffd", "\xa0", "\xad", "\ue000",
    "größe", "日本語", "😀", "👩\u200d💻", "\U000e0041", "x" * 300, "word " * 60, "\U0001f600" * 200,
)  # fmt: skip
NUMBERS = {"int": 42, "big": 2**53 - 1, "negative": -1, "float": 1.5, "large": 1e300, "small": 1e-7, "whole": 1.0}
DATA = {"text": {text: text for text in ODD}, "list": list(ODD), "nested": [{text: [text]} for text in ODD],
        "numbers": NUMBERS, "true": True, "false": False, "none": None, "empty": {}, "nothing": []}  # fmt: skip


def _read_with_pyyaml(text: str) -> Any:
    return yaml.safe_load(text)


def _read_with_ruamel(text: str) -> Any:
    ruamel = pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    return ruamel.YAML(typ="safe", pure=True).load(text)


def _read_with_ruamel_round_trip(text: str) -> Any:
    ruamel = pytest.importorskip("ruamel.yaml", reason="ruamel.yaml is not installed")
    return ruamel.YAML(typ="rt").load(text)


def _read_with_js_yaml(text: str) -> Any:
    script = (
        'const yaml = require("js-yaml"), text = require("fs").readFileSync(0, "utf8");'
        "process.stdout.write(JSON.stringify(yaml.load(text)))"
    )
    environment = {**os.environ, "NODE_PATH": os.pathsep.join([str(JS), os.environ.get("NODE_PATH", "")])}
    try:
        done = subprocess.run(
            ["node", "-e", script], input=text.encode(), env=environment, capture_output=True, check=False, timeout=60
        )
    except FileNotFoundError:
        pytest.skip("node is not installed")
    if b"Cannot find module" in done.stderr:
        pytest.skip("js-yaml is not installed: npm install --prefix build/js js-yaml")
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


READERS = (_read_with_pyyaml, _read_with_ruamel, _read_with_ruamel_round_trip, _read_with_js_yaml)


@pytest.mark.parametrize("read", READERS)
def test_a_reader_of_yaml_gets_another_value(read: Callable[[str], Any]) -> None:
    """Every odd string, as a key and as a value, and every number is read back equal and of the same type."""
    found = read(local_yaml.dump_yaml(DATA))
    assert json.loads(json.dumps(found)) == json.loads(json.dumps(DATA))
    assert [type(value) for value in found["list"] if not isinstance(value, str)] == []


@pytest.mark.parametrize("read", READERS)
def test_my_tag_names_became_numbers(read: Callable[[str], Any]) -> None:
    """Facts with such names and values of tags are read back equal to the JSON of the same facts."""
    tags = [{"name": name or "empty", "value": value} for name, value in zip(ODD, reversed(ODD))]
    document = build_document(tagsList=tags, version="1234e56")
    snapshot = Snapshot(
        document=document, source="imds", endpoint="http://127.0.0.1", api_version="2021-02-01",
        fetched_at="2026-11-27T00:00:00Z", extra={}, failures={},
    )  # fmt: skip
    facts = build_facts(snapshot, reporter=Reporter())
    text = local_yaml.format_facts(snapshot, Reporter())
    assert json.loads(json.dumps(read(text))) == spell_local(facts, reporter=Reporter(), with_age=True)
    assert '  "version": "1234e56"\n' in text
    assert '  "age_seconds": 0\n' in text
    assert '  "partial": false\n' in text
    assert '  "vm_id_verified": null\n' in text


def test_the_yaml_turns_my_terminal_round() -> None:
    """No character that cannot be seen stands in the text: it is ASCII's line feed, or has a shape."""
    text = local_yaml.dump_yaml(DATA)
    assert {character for character in text if not character.isprintable()} == {"\n"}
    assert '"\\u202ereversed"' in text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
@example({"same": [shared := {"a": "b"}, shared]})
def test_any_value_survives(value: Any) -> None:
    """Whatever JSON holds is read back equal, by a reader of YAML 1.1 and by one of 1.2."""
    text = local_yaml.dump_yaml(value)
    assert _read_with_pyyaml(text) == value
    assert _read_with_ruamel(text) == value
