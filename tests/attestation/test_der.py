# SPDX-License-Identifier: Apache-2.0
"""The reader of DER: all that is well formed, and nothing else."""

from __future__ import annotations

import pytest
from azure_imds_facts.attestation import der
from azure_imds_facts.attestation.errors import FormError
from hypothesis import given
from hypothesis import strategies as st

from tests.support.attested import encode

VALUES = st.lists(st.tuples(st.sampled_from([0x02, 0x04, 0x30, 0x31, 0xA0]), st.binary(max_size=400)), max_size=6)


@given(VALUES)
def test_reads_what_was_written(values: list[tuple[int, bytes]]) -> None:
    """Values come back as they were encoded, in their order."""
    encoded = b"".join(encode(tag, content) for tag, content in values)
    items = der.read_items(encoded)
    assert [(item.tag, item.content) for item in items] == values
    assert b"".join(item.whole for item in items) == encoded


@given(st.binary(max_size=60))
def test_reads_or_refuses(encoded: bytes) -> None:
    """Any bytes are values that make up all of them, or a named error."""
    try:
        items = der.read_items(encoded)
    except FormError:
        return
    assert b"".join(item.whole for item in items) == encoded


@pytest.mark.parametrize(
    "encoded",
    [b"\x30", b"\x30\x01", b"\x30\x80\x00\x00", b"\x30\x81\x01\x00", b"\x30\x81", b"\x30\x82\x00\x80" + bytes(128),
     b"\x30\x84\x00\x00\x00\x00", b"\x1f\x01\x00", b"\x05\x00" * 65],
)  # fmt: skip
def test_refuses(encoded: bytes) -> None:
    """What ends early, has no definite or no shortest length, a long tag or too many values is refused."""
    with pytest.raises(FormError):
        der.read_items(encoded)


def test_one() -> None:
    """One value of one tag is asked for by name, and the name stands in the refusal."""
    assert der.read_one(encode(0x30), name="thing").content == b""
    for encoded in (b"", encode(0x31), encode(0x30) * 2):
        with pytest.raises(FormError, match="thing"):
            der.read_one(encoded, name="thing")
