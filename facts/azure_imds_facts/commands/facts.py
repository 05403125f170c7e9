# SPDX-License-Identifier: Apache-2.0
"""Print this machine's facts for programs, in the spelling of one of the tools.

  json     the content of the local facts file, with age_seconds (the default)
  yaml     the same as YAML (needs PyYAML)
  ansible  the ansible_facts of the module azure_imds_facts, as JSON
  salt     the grain azure_imds, as JSON
  env      AZURE_IMDS_COMPUTE_VM_SIZE=... lines that a shell can evaluate

For example:  eval "$(azure-imds-facts facts --format env)"; echo "$AZURE_IMDS_COMPUTE_VM_SIZE"
"""

from __future__ import annotations

import json

from azure_imds_facts.commands.collection import (
    ErrorStreamReporter,
    add_settings,
    collect_snapshot,
    read_settings,
)
from azure_imds_facts.commands.streams import dump_json, print_answer
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.local_spelling import spell_local
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.spelling import spell_ansible

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--format", choices=("json", "yaml", "env", "ansible", "salt"), default="json")
    add_settings(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the facts. Raises the ImdsError of the outcome, and then has printed nothing."""
    settings = read_settings(arguments)
    write = _choose_writer(arguments.format)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    facts = build_facts(collect_snapshot(settings, reporter), reporter=reporter)
    if arguments.format == "salt":
        print_answer(write(spell_salt(facts)))
    elif arguments.format in ("ansible", "env"):
        print_answer(write(spell_ansible(facts, reporter=reporter)))
    else:
        print_answer(write(spell_local(facts, reporter=reporter, with_age=True)))
    return 0


def _choose_writer(name: str) -> Callable[[Any], str]:
    """Return what writes a format, found before IMDS is asked. Raises UsageError where it is not installed."""
    if name == "env":
        return _format_env
    if name != "yaml":
        # The order of a grain's tags is that of its tagPairs; local facts are sorted, as in their file.
        return lambda facts: dump_json(facts, indent=2, sort_keys=name != "salt")
    try:
        import yaml  # noqa: PLC0415  only this format needs it
    except ImportError:
        raise UsageError(
            "--format yaml needs PyYAML.", hint="Install it with pip install 'azure-imds-facts[yaml]', or take json."
        ) from None
    return lambda facts: str(yaml.safe_dump(facts, allow_unicode=True)).rstrip("\n")


def _format_env(facts: dict[str, object]) -> str:
    return "\n".join(f"{name.upper()}={_quote(_plain(value))}" for name, value in sorted(facts.items()))


def _quote(text: str) -> str:
    from shlex import quote  # noqa: PLC0415  only this format needs it

    quoted = quote(text)
    # To zsh a `=` in a value may begin the name of a command.
    return f"'{text}'" if quoted == text and "=" in text else quoted


def _plain(value: object) -> str:
    """Return a value as plain text: no control characters, `true` and `false`, null empty, JSON for the rest."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return "".join(character for character in text if not _is_control(character))


def _is_control(character: str) -> bool:
    return ord(character) < 0x20 or 0x7F <= ord(character) < 0xA0
