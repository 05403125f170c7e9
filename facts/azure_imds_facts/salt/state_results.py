# SPDX-License-Identifier: Apache-2.0
"""What the state module returns: Salt's mapping of name, result, changes and comment. An outcome is a comment."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from azure_imds_facts.core.errors import ImdsError
from azure_imds_facts.core.reporter import printable
from azure_imds_facts.salt import execution
from azure_imds_facts.salt.reloading import load_grains_again

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    # None: what test mode says of something that would change.
    Verdict = tuple[bool | None, str, dict[str, Any]]

_MOST_LISTED = 10


def _build_result(judge: Callable[..., Verdict]) -> Callable[..., dict[str, Any]]:
    """Make Salt's mapping out of a verdict or an outcome. The second argument is the state's name."""

    @functools.wraps(judge)
    def run(opts: Mapping[str, Any], name: str, **options: Any) -> dict[str, Any]:
        try:
            result, comment, changes = judge(opts, name, **options)
        except ImdsError as error:
            result, comment, changes = False, f"{error.outcome}: {error}", {}
        return {"name": name, "result": result, "changes": changes, "comment": comment}

    return run


@_build_result
def wait_until_available(opts: Mapping[str, Any], _name: str, *, has_grain: bool, timeout_s: float) -> Verdict:
    """Wait for IMDS, and have the grains loaded where the grain is missing."""
    if opts.get("test") and not has_grain:
        return None, f"IMDS would be waited for, {timeout_s:g} s at most, and the grains loaded.", {}
    began = time.monotonic()
    execution.wait_for_answer(opts, timeout=float(timeout_s))
    if has_grain:
        return True, "IMDS answers, and the grain azure_imds is there.", {}
    left_s = max(1.0, timeout_s - (time.monotonic() - began))
    change = {"azure_imds": {"old": "no grain", "new": "loaded"}}
    if load_grains_again(opts, timeout_s=left_s):
        return True, "IMDS answers, and the minion has loaded its grains again.", change
    return False, f"IMDS answers, but the minion did not load its grains in {left_s:.0f} s.", {}


@_build_result
def check_no_events(opts: Mapping[str, Any], _name: str, *, types: Iterable[str] | None, timeout_s: float) -> Verdict:
    """Fail where an event of these types, or of any, concerns this VM. It changes nothing, in test mode or not."""
    wanted = None if types is None else {str(kind).lower() for kind in types}
    found = [
        event
        for event in execution.fetch_own_events(opts, timeout=float(timeout_s))
        if wanted is None or event["event_type"].lower() in wanted
    ]
    if not found:
        return True, "No scheduled event concerns this VM.", {}
    listed = "; ".join(map(_describe, found[:_MOST_LISTED]))
    return False, f"Scheduled events that concern this VM, {len(found)} in all: {listed}.", {}


@_build_result
def approve(opts: Mapping[str, Any], name: str, *, approves_shared: bool, timeout_s: float) -> Verdict:
    """Approve an event, unless it has started already or is other machines' as well."""
    listed = execution.fetch_own_events(opts, timeout=float(timeout_s))
    event = next((event for event in listed if event["event_id"].lower() == name.strip().lower()), None)
    if event is None:
        problem = "it is over or was cancelled, or the id is wrong"
        return False, f"IMDS lists no event {printable(name)} for this VM: {problem}.", {}
    if event["event_status"].lower() == "started":
        return True, f"{_describe(event)} has started already.", {}
    if event["concerns_others"] is not False and not approves_shared:
        problem = "concerns other machines too, for which it would start. Set approve_shared where they are ready"
        return False, f"{_describe(event)} {problem}.", {}
    if opts.get("test"):
        return None, f"{_describe(event)} would be approved.", {}
    answer = execution.approve_event(opts, event["event_id"], timeout=float(timeout_s))
    change = {event["event_id"]: {"old": event["event_status"], "new": "approved"}}
    return True, f"{_describe(event)} is approved.", {} if answer["already_started"] else change


def _describe(event: Mapping[str, Any]) -> str:
    when = f" not before {event['not_before']}" if event["not_before"] else ""
    return printable(f"{event['event_type']} {event['event_id']} ({event['event_status']}{when})")
