# SPDX-License-Identifier: Apache-2.0
"""Find out why there are no facts: one line a check, with the fix where one is needed.

It asks IMDS once, without any cache. The exit code is that of the outcome: 0 where facts can be had.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.commands.streams import is_colourful, print_answer, print_json, print_message
from azure_imds_facts.core.clock import Clock
from azure_imds_facts.core.host import Host
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.doctor.agent import check_agent
from azure_imds_facts.doctor.answer import ask_imds, check_answer, check_clock, check_throttling, check_version
from azure_imds_facts.doctor.arc import check_arc, find_asked
from azure_imds_facts.doctor.lock import check_lock
from azure_imds_facts.doctor.machine import check_cache, check_machine, check_proxies
from azure_imds_facts.doctor.route import check_route, check_source
from azure_imds_facts.doctor.surroundings import check_surroundings

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

    from azure_imds_facts.doctor.findings import Finding

_COLOURS = {"ok": "32", "note": "33", "bad": "31", "skipped": "2"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_settings(parser, leave_out=("gather", "reveal", "cache_ttl"))


def run(arguments: argparse.Namespace) -> int:
    """Print the findings and return the exit code of the outcome."""
    settings = read_settings(arguments)
    host = Host()
    found = find_asked(settings, host)
    print_message("azure-imds-facts: asking IMDS …")
    asked = ask_imds(settings, host, ErrorStreamReporter(is_verbose=arguments.verbose))
    document = asked.snapshot.document if asked.snapshot else None
    answered = next((one.local_address for one in reversed(asked.responses)), None)
    # Where connections are redirected, the snapshot knows the address that would be used.
    local_address = asked.snapshot.local_address if asked.snapshot else answered
    clock = Clock()
    findings = [
        check_machine(settings, host),
        check_arc(settings, host),
        check_surroundings(found, asked),
        check_route(found, asked),
        check_source(document, local_address, host=urlsplit(found.endpoint).hostname or ""),
        check_agent(found, host, asked, clock),
        check_proxies(os.environ),
        check_answer(asked),
        check_throttling(asked),
        check_version(asked),
        check_clock(asked),
        check_cache(settings),
        check_lock(settings, clock),
    ]
    outcome = asked.error.outcome if asked.error else "ok"
    if arguments.format == "json":
        listed = [dict(vars(finding)) for finding in findings]
        print_json({"outcome": outcome, "checks": listed}, indent=2)
    else:
        _print_text(findings, outcome)
    return asked.error.exit_code if asked.error else 0


def _print_text(findings: list[Finding], outcome: str) -> None:
    with_colour = is_colourful()
    for finding in findings:
        verdict = f"{finding.verdict:<8}"
        if with_colour:
            verdict = f"\033[{_COLOURS[finding.verdict]}m{verdict}\033[0m"
        fix = f" → {finding.fix}" if finding.fix else ""
        print_answer(verdict + printable(f"{finding.check:<20} {finding.text}{fix}", most=None))
    print_answer(f"outcome: {outcome}")
