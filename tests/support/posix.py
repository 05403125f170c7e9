# SPDX-License-Identifier: Apache-2.0
"""Which tests of the core hold for Unix alone, and why: on Windows they are skipped, and what cannot be imported is left out.

A key is a file, or a test by its file and name, whatever its parameters.
"""

from __future__ import annotations

_NO_CACHE = "there is no cache on Windows"
_NO_COMMANDS = "on Windows no watch runs a command or stores anything"
_NO_OWNERS = "modes, owners and handles of directories are Unix's"
_NO_PROCESSES = "it stops, kills and forks as Unix does"

_WATCHED = "it ends processes with Unix' signals; tests/windows/test_commands.py has a watch on Windows"

FILES = {
    "tests/core/events/test_approvals.py": _WATCHED,
    "tests/core/events/test_dry_run.py": _WATCHED,
    "tests/core/events/test_guard.py": _NO_COMMANDS,
    "tests/core/events/test_guarded_run.py": _NO_COMMANDS,
    "tests/core/events/test_locked_state.py": _NO_COMMANDS,
    "tests/core/events/test_loop.py": _NO_COMMANDS,
    "tests/core/events/test_messages.py": "a watch on Windows writes its messages as any program does",
    "tests/core/events/test_metrics.py": _NO_COMMANDS,
    "tests/core/events/test_output.py": "tests/core/windows/test_output.py has Windows' own",
    "tests/core/events/test_program.py": _NO_COMMANDS,
    "tests/core/events/test_runner.py": _NO_COMMANDS,
    "tests/core/events/test_shell_runner.py": _NO_COMMANDS,
    "tests/core/events/test_signals.py": "tests/core/windows/test_signals.py has Windows' own",
    "tests/core/events/test_socket_records.py": _NO_COMMANDS,
    "tests/core/events/test_socket_runner.py": _NO_COMMANDS,
    "tests/core/events/test_socket_service.py": _NO_COMMANDS,
    "tests/core/events/test_state.py": _NO_COMMANDS,
    "tests/core/events/test_status.py": _NO_COMMANDS,
    "tests/core/test_cache.py": _NO_CACHE,
    "tests/core/test_failure_memory.py": _NO_CACHE,
    "tests/core/test_file_formats.py": "on Windows Ansible's file is the only one",
    "tests/core/test_retry_processes.py": _NO_PROCESSES,
    "tests/core/test_safe_files.py": _NO_OWNERS,
}
TESTS = {
    "tests/core/events/test_first_call.py::test_it_is_said_unless_it_was_a_day_ago": _NO_CACHE,
    "tests/core/events/test_watch.py::test_an_hour_of_maintenance": "its 3,600 requests take minutes under Wine",
    "tests/core/test_arc.py::test_cached_apart": _NO_CACHE,
    "tests/core/test_arc.py::test_local_facts": "its file has another name on Windows",
    "tests/core/test_arc.py::test_negotiation": _NO_CACHE,
    "tests/core/test_arc.py::test_no_copy_of_cloud_init": _NO_CACHE,
    "tests/core/test_client.py::test_a_guess_is_tried_anew_after_ten_minutes": _NO_CACHE,
    "tests/core/test_client.py::test_negotiation": _NO_CACHE,
    "tests/core/test_client.py::test_remembered_version_that_is_refused": _NO_CACHE,
    "tests/core/test_collector.py::test_another_vm": _NO_CACHE,
    "tests/core/test_collector.py::test_cache_ttl_zero": _NO_CACHE,
    "tests/core/test_collector.py::test_cloud_init_last": _NO_CACHE,
    "tests/core/test_collector.py::test_entries_are_apart": _NO_CACHE,
    "tests/core/test_collector.py::test_gather_narrows_afterwards": _NO_CACHE,
    "tests/core/test_collector.py::test_one_request": _NO_CACHE,
    "tests/core/test_collector.py::test_partial_does_not_replace_whole": _NO_CACHE,
    "tests/core/test_collector.py::test_partial_is_kept_where_there_is_none": _NO_CACHE,
    "tests/core/test_collector.py::test_reveal_is_never_cached": _NO_CACHE,
    "tests/core/test_collector.py::test_stale": _NO_CACHE,
    "tests/core/test_extra_categories.py::test_cached_but_for_events": _NO_CACHE,
    "tests/core/test_extra_categories.py::test_no_token": _NO_CACHE,
    "tests/core/test_extra_categories.py::test_stale": _NO_CACHE,
    "tests/core/test_facts_file.py::test_failure_marks_stale": _NO_OWNERS,
    "tests/core/test_facts_file.py::test_killed_writers": "tests/windows/test_facts_file.py kills Windows' own",
    "tests/core/test_facts_file.py::test_link_to_directory": _NO_OWNERS,
    "tests/core/test_facts_file.py::test_modes_change_with_reveal": _NO_OWNERS,
    "tests/core/test_facts_file.py::test_no_link_is_followed": "Wine makes no links",
    "tests/core/test_facts_file.py::test_unsafe_file": _NO_OWNERS,
    "tests/core/test_facts_file.py::test_write": _NO_OWNERS,
    "tests/core/test_fallback.py::test_no_plain_file": _NO_OWNERS,
    "tests/core/test_grain_collector.py::test_kept": _NO_CACHE,
    "tests/core/test_grain_collector.py::test_one_refresh_in_ten_answered": _NO_CACHE,
    "tests/core/test_host.py::test_this_kernel_s_tables": "there is no /proc",
    "tests/core/test_proxy_agent.py::test_a_refusal_passes_at_boot": "nothing looks for the agent on Windows",
    "tests/core/test_proxy_agent.py::test_never_provisioned": "nothing looks for the agent on Windows",
    "tests/core/test_proxy_agent.py::test_seen_by_the_header": _NO_CACHE,
    "tests/core/test_retry.py::test_a_damaged_lock_file_is_waited_for": _NO_CACHE,
    "tests/core/test_retry.py::test_a_holder_that_hangs_is_replaced": _NO_CACHE,
    "tests/core/test_retry.py::test_the_message_names_what_failed": _NO_CACHE,
    "tests/core/test_retry.py::test_turns": _NO_CACHE,
    "tests/core/test_retry.py::test_waiting_until_the_deadline": _NO_CACHE,
    "tests/core/test_settings.py::test_cache_dir": "there is no root",
    "tests/core/test_settings.py::test_order": "its paths have no drive",
    "tests/core/test_statuses.py::test_explain_refusal": "it names a user of Unix",
    "tests/core/test_statuses.py::test_surroundings": "its signs are paths of Unix, which Windows does not look for",
}


def find_reason(nodeid: str) -> str:
    """Return why a test holds for Unix alone, `""` for one that holds on Windows too."""
    path, _colons, name = nodeid.partition("::")
    return FILES.get(path) or TESTS.get(f"{path}::{name.partition('[')[0]}") or ""
