# SPDX-License-Identifier: Apache-2.0
"""Enrol this Salt minion: send its public key to the master, with a document that IMDS signed for that key.

The document proves which VM this is, and its nonce binds the minion's key. The master's engine azure_imds_accept
verifies it. If the VM belongs to one of the engine's subscriptions, the engine accepts the key. Run this command once,
at first boot, after the minion has started. It waits for the key and for the master.

For example:  azure-imds-facts enrol --url https://salt.example.com:8000/hook/azure-imds/enrol --ca /etc/salt/ca.pem
"""

from __future__ import annotations

import glob
import json
import os
import re
import sys

from azure_imds_facts.attestation.errors import FormError
from azure_imds_facts.attestation.nonces import bind_key
from azure_imds_facts.commands.collection import ErrorStreamReporter, add_settings, read_settings
from azure_imds_facts.commands.hook_post import check_hook, post_json
from azure_imds_facts.core.attested import fetch_document
from azure_imds_facts.core.clock import Clock, Deadline
from azure_imds_facts.core.collector import open_transport
from azure_imds_facts.core.errors import UsageError
from azure_imds_facts.core.reporter import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse

CONFIG_DIR = "/etc/salt"
# A minion makes its key when it is first started, and a master may boot beside it.
TIMEOUT_S = 60.0
_POLL_S = 0.5
_MOST_BYTES = 64 * 1024
_SETTING = re.compile(r"""(?m)^["']?(id|pki_dir)["']?\s*:\s*["']?([^"'#\s]+)""")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's flags."""
    parser.add_argument("--url", metavar="URL", required=True, help="the master's hook; https:// only")
    parser.add_argument("--ca", metavar="FILE", help="the CA of the master's certificate (the system's)")
    parser.add_argument(
        "--config-dir",
        metavar="DIR",
        default="" if sys.platform == "win32" else CONFIG_DIR,
        help=f"the directory of the minion's configuration ({CONFIG_DIR}; required on Windows)",
    )
    add_settings(parser, leave_out=("gather", "reveal", "cache_ttl"))


def run(arguments: argparse.Namespace) -> int:
    """Send what enrols this minion. Raises the ImdsError of the outcome."""
    if not arguments.config_dir:
        # Below %ProgramData% others might have made one, with a key of theirs.
        hint = "Name the minion's folder, the one that holds minion_id and pki."
        raise UsageError("--config-dir has no directory.", hint=hint)
    reporter = ErrorStreamReporter(is_verbose=arguments.verbose)
    settings = read_settings(arguments, timeout=TIMEOUT_S)
    check_hook(arguments.url, ca=arguments.ca)  # before anything is waited for
    deadline = Deadline(settings.timeout, Clock())
    minion_id, key = _read_minion(arguments.config_dir, deadline)
    try:
        nonce = bind_key(key)
    except FormError as error:
        raise UsageError(f"The minion's key cannot be used. {error}", hint="Give the minion's --config-dir.") from None
    document = fetch_document(settings, nonce, open_transport=open_transport, reporter=reporter)
    body = json.dumps({"id": minion_id, "key": key, "document": document}).encode()
    post_json(arguments.url, body, ca=arguments.ca, deadline=deadline, reporter=reporter)
    reporter.notice(f"Minion {minion_id} has sent its proof; the master's log says whether it accepts the key.")
    return 0


def _read_minion(config_dir: str, deadline: Deadline) -> tuple[str, str]:
    """Return the minion's id and its public key, once it has them. Raises UsageError."""
    config = _read_config(config_dir)
    pki_dir = config.get("pki_dir") or os.path.join(config_dir, "pki", "minion")
    while True:
        # What the minion found out itself stands in minion_id.
        minion_id = config.get("id") or _read(os.path.join(config_dir, "minion_id")).strip()
        key = _read(os.path.join(pki_dir, "minion.pub"))
        if minion_id and key:
            return minion_id, key
        if not deadline.remaining:
            missing = f"its key {pki_dir}/minion.pub" if minion_id else "its id"
            problem = f"The minion has not made {printable(missing, most=200)} in {deadline.elapsed:.0f} s."
            raise UsageError(problem, hint="Start salt-minion first, as root, or give its --config-dir.")
        deadline.clock.sleep(min(_POLL_S, deadline.remaining))


def _read_config(config_dir: str) -> dict[str, str]:
    """Return `id` and `pki_dir` of the minion's configuration, where they are set; what is in minion.d overrides.

    It is YAML, of which two texts at the beginning of lines are wanted, or JSON, as YAML allows.
    """
    config: dict[str, str] = {}
    for path in [
        os.path.join(config_dir, "minion"),
        *sorted(glob.glob(os.path.join(config_dir, "minion.d", "*.conf"))),
    ]:
        text = _read(path)
        try:
            parsed = json.loads(text)
        except (ValueError, RecursionError):
            parsed = dict(_SETTING.findall(text))
        if isinstance(parsed, dict):
            config.update({name: parsed[name] for name in ("id", "pki_dir") if isinstance(parsed.get(name), str)})
    return config


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return ""
