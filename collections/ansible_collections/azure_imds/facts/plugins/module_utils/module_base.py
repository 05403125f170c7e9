# SPDX-License-Identifier: Apache-2.0
"""What the collection's modules share: their options, and how each outcome ends a module."""

from __future__ import annotations

import os

from .imds import errors, reporter, settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def spell_option(setting: str) -> str:
    """Return the name of a setting's option in Ansible, where `setup` has made one of the names known."""
    return "gather_subset" if setting == "gather" else setting


def build_arguments() -> dict[str, Any]:
    """Return the argument specification that Ansible's modules share.

    Settings have no defaults here: the target's environment comes before them.
    """
    options: dict[str, Any] = {"fail_on": {"type": "str", "choices": ["error", "any", "never"], "default": "error"}}
    for name, (kind, _parse, _allowed) in settings.SETTINGS.items():
        options[spell_option(name)] = {"type": kind, "elements": "str"} if kind == "list" else {"type": kind}
    return options


def build_module_settings(params: dict[str, Any], *, timeout: float = settings.DEFAULT_TIMEOUT_S) -> settings.Settings:
    """Return settings from the arguments of an Ansible module and its environment. Raises UsageError."""
    explicit = {name: params[spell_option(name)] for name in settings.SETTINGS}
    return settings.build_settings(explicit, os.environ, timeout=timeout, spell=spell_option)


class ModuleOutcomes:
    """What Ansible's modules have in common, a base before AnsibleModule: every end of theirs names its outcome."""

    params: Any

    def fail_json(self, msg: str, outcome: str = "usage", **result: Any) -> None:
        """Fail and end the process. What AnsibleModule itself refuses, an unknown argument for instance, is usage."""
        if self.params.get("endpoint"):
            # Ansible repeats the arguments in the result.
            self.params["endpoint"] = reporter.mask_credentials(self.params["endpoint"])
        super().fail_json(msg, outcome=outcome, **result)  # type: ignore[misc]  # AnsibleModule's

    def end_without_facts(self, error: errors.ImdsError, **result: Any) -> None:
        """End the process with an outcome that brought no facts: fail or not, as the option `fail_on` says."""
        is_off_azure = isinstance(error, errors.NotAzureError)
        tolerated = ("error", "never") if is_off_azure else ("never",)
        if isinstance(error, errors.UsageError) or self.params["fail_on"] not in tolerated:
            self.fail_json(str(error), error.outcome)
        if not is_off_azure:
            self.warn(str(error))  # type: ignore[attr-defined]
        self.exit_json(outcome=error.outcome, **result)  # type: ignore[attr-defined]
