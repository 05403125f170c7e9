# SPDX-License-Identifier: Apache-2.0
"""What users reported about settings: names, paths, typos and passwords. Each adapter reads them by the same rules."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from azure_imds_facts import UsageError, collect
from azure_imds_facts.cli import main
from azure_imds_facts.core.settings import CATEGORIES, Settings, build_settings
from azure_imds_facts.emulator import Emulator

PASSWORD = "open,sesame"
WITH_PASSWORD = [
    f"http://user:{PASSWORD}@127.0.0.1:8080",
    f"http://user:{PASSWORD}@169.254.169.254/",
    f"http://user:a@b/{PASSWORD}@127.0.0.1",
    f"http://user:x//{PASSWORD}@127.0.0.1",
    f"https://{PASSWORD}@imds.example",
    f"user:{PASSWORD}@127.0.0.1",
    f"http:/user:{PASSWORD}@127.0.0.1",
    f"http://user:a\n{PASSWORD}@127.0.0.1",
]


def read(way: str, name: str, value: Any) -> Settings:
    """Return the settings that an argument or a variable of this value makes."""
    if way == "variable":
        return build_settings({}, {f"AZURE_IMDS_{name.upper()}": value})
    return build_settings({name: value}, {})


@pytest.mark.parametrize("way", ["argument", "variable"])
@pytest.mark.parametrize("given", ["compute, tags", " compute ,tags ", "tags,compute"])
def test_blanks_after_commas_are_refused(given: str, way: str) -> None:
    """Blanks around the names in a text do not count."""
    assert tuple(read(way, "gather", given).gather) == ("compute", "tags")
    assert read(way, "reveal", "user_data , custom_data").reveal == ("user_data", "custom_data")


@pytest.mark.parametrize(
    "given", [["compute", " tags"], ["compute, tags"], ("tags", "compute"), ["compute,tags", "compute"]]
)
def test_ansible_splits_my_text_and_leaves_the_blanks(given: object) -> None:
    """Nor do those around the names of a list, which Ansible makes of a text with commas."""
    assert tuple(read("argument", "gather", given).gather) == ("compute", "tags")


@pytest.mark.parametrize("way", ["argument", "variable"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("!network", ("compute", "tags")),
        ("! network", ("compute", "tags")),
        ("!network,!tags", ("compute",)),
        ("!network,identity", ("compute", "tags", "identity")),
        ("all,!network", tuple(name for name in CATEGORIES if name != "network")),
        ("compute,!network", ("compute",)),
        ("compute,!compute", ()),
        ("!compute,compute", ("compute", "network", "tags")),
        ("!all", ()),
        ("!all,tags", ("tags",)),
    ],
)
def test_leaving_a_category_out_is_refused(given: str, expected: tuple[str, ...], way: str) -> None:
    """`!name` leaves a category out of what stands before it, or of the default."""
    assert tuple(read(way, "gather", given).gather) == expected
    if way == "argument":
        assert tuple(read(way, "gather", given.split(",")).gather) == expected


@pytest.mark.parametrize("way", ["argument", "variable"])
@pytest.mark.parametrize(
    "given",
    [
        "compyte",
        "!compyte",
        "!!network",
        "!",
        "network!",
        "compute,",
        ",",
        "!network,",
        "!loadBalancer",
        "compute tags",
    ],
)
def test_a_typo_gathers_something_else(given: str, way: str) -> None:
    """A name that is not known is usage, whatever stands before it."""
    with pytest.raises(UsageError, match=r"(?i)gather"):
        read(way, "gather", given)


@pytest.mark.parametrize("given", ["!user_data", "user_data,!user_data", "user_data,,custom_data"])
def test_reveal_reveals_more_than_was_asked(given: str) -> None:
    """`reveal` knows names of sensitive fields alone."""
    with pytest.raises(UsageError, match="reveal"):
        read("argument", "reveal", given)


@pytest.mark.parametrize("way", ["argument", "variable"])
def test_a_folder_named_tilde_appears(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` in `cache_dir` is the user's home."""
    monkeypatch.setenv("HOME", "/home/me")
    assert read(way, "cache_dir", "~/x").cache_dir == "/home/me/x"
    assert read(way, "cache_dir", "/var/cache/~/x").cache_dir == "/var/cache/~/x"


@pytest.mark.parametrize("way", ["argument", "variable"])
@pytest.mark.parametrize("given", ["x", "./x", "../x", "x/~", ".", "~nobody-of-this-name/x"])
def test_the_cache_lands_in_the_current_folder(given: str, way: str) -> None:
    """A relative `cache_dir` is usage."""
    with pytest.raises(UsageError, match="absolute path"):
        read(way, "cache_dir", given)


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the program and return what it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_IMDS_")}
    command = [sys.executable, "-m", "azure_imds_facts", *arguments]
    return subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("given", ["facts.d", "./facts.d", "", "~nobody-of-this-name/x"])
def test_local_facts_land_in_the_current_folder(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A relative `--directory` is usage, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert main(["local-facts", "--directory", given]) == 2
    assert "absolute path" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_local_facts_make_a_folder_named_tilde(tmp_path: Path) -> None:
    """`~` in `--directory` is the user's home, where no shell has expanded it."""
    with Emulator() as imds:
        environment = {"HOME": str(tmp_path), "AZURE_IMDS_CACHE_DIR": "~/cache"}
        done = run("local-facts", "--directory=~/facts.d", "--endpoint", imds.url, **environment)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "facts.d/azure_imds.fact").exists()
    assert (tmp_path / "cache").is_dir()


@pytest.mark.parametrize("given", WITH_PASSWORD)
def test_my_password_is_in_the_message(given: str) -> None:
    """The user and password of an endpoint are not repeated, whoever reads the settings; the host is."""
    for way in ("argument", "variable"):
        with pytest.raises(UsageError) as caught:
            read(way, "endpoint", given)
        assert "sesame" not in str(caught.value)
        assert "@" in str(caught.value)
    with pytest.raises(UsageError) as caught:
        collect(endpoint=given)
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("given", WITH_PASSWORD)
def test_my_password_is_on_the_terminal(given: str) -> None:
    """The command line repeats none either, behind a misspelt flag or in the place of a command included."""
    for arguments in (["facts", "--endpoint", given], ["facts", f"--endpont={given}"], ["doctor", "--endpoint", given]):
        done = run(*arguments)
        assert done.returncode == 2
        assert "sesame" not in done.stdout + done.stderr or "//" not in given
    done = run("facts", AZURE_IMDS_ENDPOINT=given)
    assert (done.returncode, "sesame" in done.stderr) == (2, False)


def test_the_message_names_what_i_did_not_write(capsys: pytest.CaptureFixture[str]) -> None:
    """A message calls a setting what the user calls it: a flag on the command line, else the variable."""
    assert main(["facts", "--cache-ttl", "soon"]) == 2
    assert "--cache-ttl cannot be 'soon'" in capsys.readouterr().err
    assert "AZURE_IMDS_CACHE_TTL cannot be 'soon'" in run("facts", AZURE_IMDS_CACHE_TTL="soon").stderr
