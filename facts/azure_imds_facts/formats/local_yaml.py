# SPDX-License-Identifier: Apache-2.0
"""The content of the local facts file as YAML. The import raises UsageError where PyYAML is missing.

Every string is quoted, keys included: plain, `1234e56`, `0o17` or `no` are strings to one reader and numbers or
booleans to another, by the version of YAML that it knows.
"""

from __future__ import annotations

import sys

from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.local_spelling import spell_local

try:
    import yaml
except ImportError:
    raise UsageError(
        "--format yaml needs PyYAML.", hint="Install it with pip install 'azure-imds-facts[yaml]', or take json."
    ) from None

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from azure_imds_facts.core.facts import Snapshot
    from azure_imds_facts.core.reporter import Reporter


class _QuotingDumper(yaml.SafeDumper):
    """A dumper that quotes every string, and writes each value where it stands."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        """Write no anchors: a value that stands twice is written twice."""
        return True


def _quote(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_QuotingDumper.add_representer(str, _quote)


def format_facts(snapshot: Snapshot, reporter: Reporter) -> str:
    """Return a snapshot's facts as YAML that readers of 1.1 and of 1.2 read alike."""
    return dump_yaml(spell_local(build_facts(snapshot, reporter=reporter), reporter=reporter, with_age=True))


def dump_yaml(value: object) -> str:
    """Return a value as YAML in which every character that cannot be seen is escaped: tags are written by others."""
    # No line is folded: a reader may take the break for more than a blank.
    text = yaml.dump(value, Dumper=_QuotingDumper, allow_unicode=True, width=sys.maxsize).rstrip("\n")
    # All that is not ASCII stands between quotes, where an escape means the character.
    return "".join(one if one.isprintable() or one == "\n" else _escape(one) for one in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
