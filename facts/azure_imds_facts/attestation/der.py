# SPDX-License-Identifier: Apache-2.0
"""DER (X.690), as much as it takes to walk through a CMS structure: definite lengths, one-byte tags.

A reader of its own instead of `asn1crypto`, since that takes BER as well, parses what nobody asked for, and would be
one more package on a controller and a master; this one is small enough to be fuzzed as a whole (fuzz/targets.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from azure_imds_facts.attestation.errors import FormError

# Tags; a constructed context tag N is 0xA0 + N.
INTEGER, OCTET_STRING, NULL, OID, SEQUENCE, SET, CONTEXT_0 = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31, 0xA0
# No structure read here has as many values.
_MOST_ITEMS = 64


@dataclass(frozen=True)
class Item:
    """One value: its tag, its content, and the bytes of the whole."""

    tag: int
    content: bytes
    whole: bytes


def read_items(encoded: bytes) -> list[Item]:
    """Return the values that stand one after the other. Raises FormError."""
    items: list[Item] = []
    start = 0
    while start < len(encoded):
        content_start, end = _read_header(encoded, start)
        items.append(Item(encoded[start], encoded[content_start:end], encoded[start:end]))
        start = end
        if len(items) > _MOST_ITEMS:
            raise FormError("The signature holds more values than any signed document.")
    return items


def read_sequence(item: Item, *, tag: int = SEQUENCE, name: str) -> list[Item]:
    """Return the values inside one of this tag. Raises FormError, with the `name` of what was to be there."""
    return read_items(expect(item, tag, name=name))


def read_one(encoded: bytes, *, tag: int = SEQUENCE, name: str) -> Item:
    """Return the only value there, of this tag. Raises FormError."""
    items = read_items(encoded)
    if len(items) != 1:
        raise FormError(f"The signature has {len(items)} values where its {name} belongs, not one.")
    expect(items[0], tag, name=name)
    return items[0]


def expect(item: Item, tag: int, *, name: str) -> bytes:
    """Return the content of a value of this tag. Raises FormError."""
    if item.tag != tag:
        raise FormError(f"The signature has another value where its {name} belongs (tag {item.tag:#04x}).")
    return item.content


def _read_header(encoded: bytes, start: int) -> tuple[int, int]:
    """Return where the content of the value at `start` begins and ends."""
    head = encoded[start : start + 2]
    if len(head) < 2:
        raise FormError("The signature ends early: it was cut.")
    tag, length = head
    content_start = start + 2
    if tag & 0x1F == 0x1F:
        raise FormError("The signature has a tag of several bytes, which none of its values has.")
    if length & 0x80:
        size = length & 0x7F
        digits = encoded[content_start : content_start + size]
        if not 1 <= size <= 3 or len(digits) < size:
            raise FormError("The signature has a length that is not DER, or ends early.")
        content_start += size
        length = int.from_bytes(digits, "big")
        if length < 0x80 or not digits[0]:
            raise FormError("The signature has a length that is longer than it has to be, which DER forbids.")
    if content_start + length > len(encoded):
        raise FormError("The signature ends early: it was cut.")
    return content_start, content_start + length
