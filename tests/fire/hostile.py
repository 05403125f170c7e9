# SPDX-License-Identifier: Apache-2.0
"""A document by somebody who may write tags, and wants more."""

from __future__ import annotations

import json
from typing import Any

# Whoever runs one of these leaves a file behind.
TOUCH = "touch {canary}"
VALUES = {
    "jinja": "{{{{ lookup('pipe', 'touch {canary}') }}}}",
    "jinja statement": "{{% for a in range(9) %}}{{{{ a }}}}{{% endfor %}}",
    "unsafe": "!unsafe {{{{ 7 * 7 }}}}",
    "yaml": "x: !!python/object/apply:os.system ['touch {canary}']\n---\n- &a [*a]",
    "newlines": "one\ntwo\r\nthree\u2028four\x85five",
    "nul": "before\x00after",
    "ansi": "\x1b[31mred\x1b]0;title\x07\x1b[2J\x9b1m\x1bc",
    "rtl": "\u202egnp.exe\u2066\u200b\u200f",
    "surrogate": "a\ud800b\udfffc",
    "shell": "'; touch {canary}; $(touch {canary}) `touch {canary}` \" & | > {canary} \\",
    "shell assignment": "x\nPATH=/nonexistent\ntouch {canary}",
    "salt": "{{{{ salt['cmd.run']('touch {canary}') }}}}",
    "empty": "",
    "long": "y" * 256,
}
NAMES = (
    "ansible_connection",
    "ansible_python_interpreter",
    "ansible_ssh_common_args",
    "__proto__",
    "constructor",
    "__class__",
    "vars",
    "hostvars",
    "{{{{ lookup('pipe', 'touch {canary}') }}}}",
    "a\nb: c",
    "$(touch {canary})",
    "x=1; touch {canary}; y",
    "\x1b[2Jname",
    "\u202eeman",
    "lone\ud800",
    "nul\x00name",
    "z" * 512,
    "os",
    "id",
    "a:b=c:*",
)


def build_tags(canary: str) -> list[dict[str, str]]:
    """Return tags, each of which would make the file `canary` where anybody took it for more than text."""
    tags = [{"name": name.format(canary=canary), "value": TOUCH.format(canary=canary)} for name in NAMES]
    return tags + [{"name": name, "value": value.format(canary=canary)} for name, value in VALUES.items()]


def build_body(canary: str) -> bytes:
    """Return a document with these tags, and with fields of compute by such names and values."""
    tags = build_tags(canary)
    fields: dict[str, Any] = {tag["name"]: tag["value"] for tag in tags if tag["name"] not in ("id", "os")}
    compute = {"vmId": "1", "vmSize": "Standard_D2s_v3", "tagsList": tags, **fields}
    network = {"interface": [{"macAddress": VALUES["ansi"], fields["shell"]: fields["jinja"]}]}
    return json.dumps({"compute": compute, "network": network}).encode()


def mended(text: str) -> str:
    """Return a text as facts have it: lone surrogates replaced."""
    return "".join("\ufffd" if 0xD800 <= ord(character) <= 0xDFFF else character for character in text)
