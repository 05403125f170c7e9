# SPDX-License-Identifier: Apache-2.0
"""What a watch does about an event: which types run the command, and which events it approves.

Microsoft's own sample approves events of source User and a Freeze of a few seconds by itself; the rest is up to you.
"""

from __future__ import annotations

from .. import errors, records
from ..extra_categories import names_vm
from ..reporter import printable
from .model import concerns_others

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .model import Change, Event

# Documented by Azure. A type that is added later runs the command too, unless types are named.
TYPES = ("Freeze", "Reboot", "Redeploy", "Preempt", "Terminate")
ALL_TYPES = "all"
# A pause of seconds, which most services sit through.
_QUIET = ("freeze",)


@records.record
class Policy:
    """What a watch may do.

    `types`: those that run the command, in lower case; None: every one but Freeze. `approves_on_success`: approve once
    the command ended with 0. `approves_user`: approve what a user asked for at once. `approve_freeze_below_s`: approve
    a Freeze at once that is known to last less, None: none. `approves_shared`: approve also what names other VMs.
    `is_dry_run`: say what would be done, and do nothing.
    """

    types: tuple[str, ...] | None = None
    approves_on_success: bool = False
    approves_user: bool = False
    approve_freeze_below_s: float | None = None
    approves_shared: bool = False
    is_dry_run: bool = False

    def runs_command(self, event: Event) -> bool:
        """Return whether changes of an event run the command."""
        name = event.event_type.lower()
        return name not in _QUIET if self.types is None else name in self.types or ALL_TYPES in self.types

    def approves_at_once(self, change: Change) -> bool:
        """Return whether an event is approved without waiting for a command."""
        event, below_s = change.event, self.approve_freeze_below_s
        is_short = below_s is not None and event.duration_s is not None and event.duration_s < below_s
        wanted = (self.approves_user and event.source.lower() == "user") or (
            is_short and event.event_type.lower() == "freeze"
        )
        return wanted and change.may_be_approved

    def refuse_approval(self, event: Event, vm_name: str | None) -> str:
        """Return why an event is not approved, for a message, or `""`."""
        if self.approves_shared:
            return ""
        if vm_name is None:
            return "this VM's name is not known, so it may be about others"
        if not concerns_others(event, vm_name):
            return ""
        others = [name for name in event.resources if not names_vm((name,), vm_name)]
        return f"it names other VMs too ({printable(', '.join(others[:3]))}), which it would start for as well"


def parse_types(text: str) -> tuple[str, ...]:
    """Return the types in a list with commas, in lower case. Raises UsageError for one that Azure does not have."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    known = (*(name.lower() for name in TYPES), ALL_TYPES)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        problem = f"There is no type of event {printable(unknown[0])!r}." if unknown else "The types are empty."
        raise errors.UsageError(problem, hint=f"Name some of {', '.join(TYPES)}, or {ALL_TYPES}.")
    return names
