# SPDX-License-Identifier: Apache-2.0
"""The fuzzing targets, over the corpus and over generated input."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from fuzz.properties import INPUT
from fuzz.targets import TARGETS

CORPUS = Path(__file__).parents[2] / "fuzz" / "corpus"
# scripts/test-fuzz.sh sets it to more.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))
SEEDS = sorted(path.relative_to(CORPUS) for path in CORPUS.glob("*/*"))


@pytest.mark.parametrize("seed", SEEDS, ids=str)
def test_corpus(seed: Path) -> None:
    """No seed, past findings among them, breaks a promise."""
    TARGETS[seed.parts[0]]((CORPUS / seed).read_bytes())


def test_corpus_is_whole() -> None:
    """Each target has seeds."""
    assert {seed.parts[0] for seed in SEEDS} == set(TARGETS) == set(INPUT)


@pytest.mark.parametrize("name", TARGETS)
def test_generated(name: str) -> None:
    """Nothing that is generated breaks a promise."""

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(content=INPUT[name])
    def run(content: bytes) -> None:
        TARGETS[name](content)

    run()


def test_targets_can_fail() -> None:
    """A target that meets a broken promise says so: with redaction gone, a document with a secret is found."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("azure_imds_facts.core.document.redact", lambda value, **_: value)

        def fails(content: bytes) -> bool:
            try:
                TARGETS["document"](content)
            except AssertionError:
                return True
            return False

        assert find(st.just(b'{"compute":{"a":[{"userData":"x"}]}}'), fails)
