# SPDX-License-Identifier: Apache-2.0
"""Say why there are no facts: one line for each check, with the fix if one is needed.

It asks IMDS once and uses no cache. The exit code is that of the outcome: 0 if facts are available.

For example:  azure-imds-facts doctor
              azure-imds-facts doctor --format json
"""

from __future__ import annotations

import sys

from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.commands.streams import is_colourful, print_answer, print_json, print_message
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.host import choose_host
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.doctor.answer import ask_imds

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from azure_imds_facts.core.host import Host
    from azure_imds_facts.core.settings import Settings
    from azure_imds_facts.doctor.answer import Asked
    from azure_imds_facts.doctor.findings import Finding

    ListFindings = Callable[[Settings, Host, Asked, Clock], list[Finding]]

_COLOURS = {"ok": "32", "note": "33", "bad": "31", "skipped": "2"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_settings(parser, leave_out=("gather", "reveal", "cache_ttl"))


def run(arguments: argparse.Namespace) -> int:
    """Print the findings and return the exit code of the outcome."""
    settings = read_settings(arguments)
    host = choose_host()
    print_message("azure-imds-facts: asking IMDS …")
    asked = ask_imds(settings, host, ErrorStreamReporter(is_verbose=arguments.verbose))
    findings = _choose_checks()(settings, host, asked, Clock())
    outcome = asked.error.outcome if asked.error else "ok"
    if arguments.format == "json":
        listed = [dict(vars(finding)) for finding in findings]
        print_json({"outcome": outcome, "checks": listed}, indent=2)
    else:
        _print_text(findings, outcome)
    return asked.error.exit_code if asked.error else 0


def _choose_checks() -> ListFindings:
    """Return what makes the checks on this system."""
    if sys.platform == "win32":
        from azure_imds_facts.doctor.windows import list_findings  # noqa: PLC0415  the others ask the kernel of Linux
    else:
        from azure_imds_facts.doctor.unix import list_findings  # noqa: PLC0415  said above
    return list_findings


def _print_text(findings: list[Finding], outcome: str) -> None:
    with_colour = is_colourful()
    for finding in findings:
        verdict = f"{finding.verdict:<8}"
        if with_colour:
            verdict = f"\033[{_COLOURS[finding.verdict]}m{verdict}\033[0m"
        fix = f" → {finding.fix}" if finding.fix else ""
        print_answer(verdict + printable(f"{finding.check:<20} {finding.text}{fix}", most=None))
    print_answer(f"outcome: {outcome}")
