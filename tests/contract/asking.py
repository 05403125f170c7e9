# SPDX-License-Identifier: Apache-2.0
"""The project as its users meet it: in process the way its adapters call it, and as a command."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from azure_imds_facts.core.collector import collect
from azure_imds_facts.core.facts import build_facts
from azure_imds_facts.core.local_spelling import spell_local
from azure_imds_facts.core.reporter import Reporter
from azure_imds_facts.core.salt_spelling import spell_salt
from azure_imds_facts.core.settings import build_settings
from azure_imds_facts.core.spelling import spell_ansible
from azure_imds_facts.core.transport import HttpTransport

from .reference import Circumstances
from .serving import Answer, Serving

DISTRIBUTION = Path(__file__).resolve().parents[2] / "facts"
NEWEST = "2025-04-07"
LOCAL_ADDRESS = "127.0.0.1"
COUNT = itertools.count()
CACHE = TemporaryDirectory(prefix="azure-imds-facts-contract-")
_KNOWN_ONLY_THERE = ("fetchedAt", "ageSeconds")


class Listener(Reporter):
    """Keep all that a user would be told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.warnings: list[str] = []

    def warn(self, message: str) -> None:
        """Keep a warning."""
        self.told.append(message)
        self.warnings.append(message)

    def notice(self, message: str) -> None:
        """Keep a line."""
        self.told.append(message)

    attempt = notice


class Spellings:
    """One collection in all spellings, with what the user was told."""

    def __init__(self, serving: Serving, **settings: Any) -> None:
        self.listener = Listener()
        # A cache of its own, since a partial document gives way to a whole one; too little time to wait for a section.
        cache_dir = f"{CACHE.name}/{next(COUNT)}"
        asked = {"endpoint": serving.endpoint, "cache_ttl": 0, "cache_dir": cache_dir, "timeout": 0.9, **settings}
        snapshot = collect(build_settings(asked, {}), open_transport=HttpTransport, reporter=self.listener)
        facts = build_facts(snapshot, reporter=self.listener)
        self.salt: dict[str, Any] = spell_salt(facts, is_grain=False)
        self.grain: dict[str, Any] = spell_salt(facts)
        self.ansible: dict[str, Any] = spell_ansible(facts, reporter=self.listener)
        self.local: dict[str, Any] = spell_local(facts, reporter=self.listener, with_age=True)
        self.file: dict[str, Any] = spell_local(facts, reporter=self.listener, with_age=False)


def serve_document(serving: Serving, document: Any) -> None:
    """Let a server answer the instance endpoint with a document, and no other."""
    serving.answers = {"instance": Answer(body=dump(document).encode())}


def describe(serving: Serving, snapshot: dict[str, Any], **asked: Any) -> Circumstances:
    """Say how a document was got; of `snapshot` only what nobody else can know is taken over."""
    known = {
        "endpoint": serving.endpoint,
        "platform": "vm",
        "apiVersion": NEWEST,
        "source": "imds",
        "bootId": Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip(),
        "vmIdVerified": None,
        "proxyAgent": False,
        "missing": [],
        **{name: snapshot.get(name) for name in _KNOWN_ONLY_THERE},
    }
    return Circumstances(local_address=LOCAL_ADDRESS, snapshot=known, **asked)


def dump(value: object) -> str:
    """Write a value so that two are the same text only where they are equal to the letter and the type."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=True)


def command(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in an environment without settings of anyone else's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_IMDS_", "XDG_"))}
    clean = {name: value for name, value in clean.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-m", "azure_imds_facts", *arguments],
        env={**clean, "PYTHONPATH": str(DISTRIBUTION), **(environment or {})},
        capture_output=True,
        check=False,
        timeout=30,
    )
