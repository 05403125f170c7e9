# SPDX-License-Identifier: Apache-2.0
"""Documents of nearly 1 MiB, the most that an answer may have, each of another kind."""

from __future__ import annotations

import json
from collections.abc import Callable

from azure_imds_facts.core.json_body import MAX_BYTES

from tests.support.documents import VM_ID

_HEAD = f'{{"compute":{{"vmId":"{VM_ID}","name":"web-01","azEnvironment":"AzurePublicCloud"'
_TAIL = ',"network":{"interface":[]}}'


def _fill(before: str, piece: Callable[[int], str], after: str, between: str = ",") -> bytes:
    """Return a document with as many pieces in it as fit."""
    room = MAX_BYTES - len((before + after).encode())
    pieces: list[str] = []
    while True:
        one = piece(len(pieces))
        room -= len(one.encode()) + len(between)
        if room < 0:
            return f"{before}{between.join(pieces)}{after}".encode()
        pieces.append(one)


def _in_list(piece: Callable[[int], str]) -> bytes:
    return _fill(f'{_HEAD},"x":[', piece, f"]}}{_TAIL}")


def _in_compute(piece: Callable[[int], str]) -> bytes:
    return _fill(f"{_HEAD},", piece, f"}}{_TAIL}")


def _in_string(piece: str) -> bytes:
    return _fill(f'{_HEAD},"x":"', lambda _: piece, f'"}}{_TAIL}', between="")


def _of_interfaces(piece: Callable[[int], str]) -> bytes:
    return _fill(f'{_HEAD}}},"network":{{"interface":[', piece, "]}}")


def _interface(index: int) -> str:
    """Return an interface with the addresses that Azure gives it, in about 350 bytes."""
    address = f"10.{index >> 16}.{index >> 8 & 255}.{index & 255}"
    interface = {
        "ipv4": {
            "ipAddress": [{"privateIpAddress": address, "publicIpAddress": "20.1.2.3"}],
            "subnet": [{"address": "10.0.0.0", "prefix": "8"}],
        },
        "ipv6": {"ipAddress": [{"privateIpAddress": f"fd00::{index:x}"}]},
        "macAddress": f"000D3A{index:06X}",
        "padding": "x" * 90,
    }
    return json.dumps(interface, separators=(",", ":"))


# The list stands in an object of an object; with it a value is at most 16 deep.
_DEEP = 13
# What is legal: the facts have to come.
LEGAL: dict[str, Callable[[], bytes]] = {
    "empty objects": lambda: _in_list(lambda _: "{}"),
    "empty lists": lambda: _in_list(lambda _: "[]"),
    "ones": lambda: _in_list(lambda _: "1"),
    "digits": lambda: _in_list(lambda _: "9" * 4300),
    "deep lists": lambda: _in_list(lambda _: "[" * _DEEP + "]" * _DEEP),
    "deep objects": lambda: _in_list(lambda _: '{"a":' * _DEEP + "1" + "}" * _DEEP),
    "deep objects in lists": lambda: _in_list(lambda _: "[" * (_DEEP - 1) + '{"aB":1}' + "]" * (_DEEP - 1)),
    "objects": lambda: _in_list(lambda _: '{"a":1}'),
    "objects to spell": lambda: _in_list(lambda _: '{"aB":1}'),
    "objects whose names meet": lambda: _in_list(lambda _: '{"a":1,"A":1}'),
    "objects whose names meet below a long one": lambda: _fill(
        f'{_HEAD},"{"k" * (MAX_BYTES // 2)}":[', lambda _: '{"a":1,"A":1}', f"]}}{_TAIL}"
    ),
    "objects with names of their own": lambda: _in_list(lambda index: f'{{"a{index:x}B":1}}'),
    "secrets": lambda: _in_list(lambda _: '{"userData":1}'),
    "short keys": lambda: _in_compute(lambda index: f'"{index:x}":1'),
    "keys to spell": lambda: _in_compute(lambda index: f'"{index:x}aB":1'),
    "keys that meet": lambda: _in_compute(lambda index: f'"a{index >> 1:x}{"_-"[index & 1]}":1'),
    "keys without letters": lambda: _in_compute(lambda index: '"' + "_" * 2 + chr(0x4E00 + index % 20000) + f'{"-" * (index // 20000)}":1'),
    "empty objects by name": lambda: _in_compute(lambda index: f'"{index:x}":{{}}'),
    "tags in a list": lambda: _fill(f'{_HEAD},"tagsList":[', lambda index: f'{{"name":"{index:x}","value":""}}', f"]}}{_TAIL}"),
    "tags that are marks to Ansible": lambda: _fill(
        f'{_HEAD},"tagsList":[', lambda index: f'{{"name":"__ansible_{index:x}","value":""}}', f"]}}{_TAIL}"
    ),
    "tags in a string": lambda: _fill(f'{_HEAD},"tags":"', lambda index: f"{index:x}:", f'"}}{_TAIL}', between=";"),
    "a string": lambda: _in_string("x"),
    "text that is not ASCII": lambda: _in_string("\u6f22"),
    "text beyond the first plane": lambda: _in_string("\U0001f600"),
    "control characters": lambda: _in_string("\\u0001"),
    "lone surrogates": lambda: _in_string("\\ud800"),
    "many lone surrogates": lambda: _in_list(lambda _: '"\\ud800"'),
    "empty objects and a surrogate": lambda: _in_list(lambda index: "{}" if index else '"\\ud800"'),
    "a long key": f'{_HEAD},"{"aB" * (MAX_BYTES // 2 - 200)}":1}}{_TAIL}'.encode,
    "interfaces": lambda: _of_interfaces(_interface),
    "empty interfaces": lambda: _of_interfaces(lambda _: "{}"),
    "addresses": lambda: _fill(
        f'{_HEAD}}},"network":{{"interface":[{{"ipv4":{{"ipAddress":[',
        lambda index: f'{{"privateIpAddress":"{index:x}"}}',
        "]}}]}}",
    ),
    "an unknown section": lambda: _fill(f'{_HEAD}}},"extended":[', lambda _: "{}", f"]{_TAIL}"),
}  # fmt: skip
# What makes facts of over 4 MiB: it has to be refused.
TOO_LARGE: dict[str, Callable[[], bytes]] = {
    "a long key over many leaves": lambda: _fill(
        f'{_HEAD},"{"k" * 1000}":{{', lambda index: f'"{index:x}":1', f"}}}}{_TAIL}"
    ),
    "control characters over names": lambda: _fill(
        f'{_HEAD},"{"k" * 100}":{{"{"l" * 100}":{{', lambda index: f'"{index:x}":"\\u0001"', f"}}}}}}{_TAIL}"
    ),
}
