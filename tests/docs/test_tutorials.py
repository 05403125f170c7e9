# SPDX-License-Identifier: Apache-2.0
"""Each tutorial does what it says: its commands run as they stand there, and print what it shows."""

from __future__ import annotations

import importlib.metadata
import re
import sys
import tempfile
from pathlib import Path

import pytest
import tomllib
from azure_imds_facts.core.versions import VERSION
from packaging.requirements import Requirement

from tests.support.session import Session, find_obstacle
from tests.support.tutorial import Commands, Installation, SavedFile, Step, parse_tutorial

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("start-*.md"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# What the project is tested with.
TESTED = {Requirement(line).name for line in EXTRAS["test"]}
SYSTEM = {"gcc", "python3", "python3-dev", "python3-venv", f"./{PROJECT['name']}_{VERSION}-1_all.deb"}


def read_steps(page: Path) -> list[Step]:
    """Return the steps of a page."""
    return parse_tutorial(page.read_text(encoding="utf-8"))


def list_packages(page: Path, program: str) -> list[str]:
    """Return all that a page installs by a program."""
    steps = [step for step in read_steps(page) if isinstance(step, Installation)]
    return [package for step in steps for package in step.list_packages(program)]


def list_absent(page: Path) -> list[str]:
    """Return the distributions that a page installs, and that this Python has not."""
    names = [Requirement(package).name for package in list_packages(page, "pip")]
    return [name for name in names if not list(importlib.metadata.distributions(name=name))]


def find_fault(session: Session, step: Commands) -> str:
    """Type the commands of a step; return what is not as the page says, `""` where all is."""
    try:
        code = session.run(step.text)
    except TimeoutError as error:
        return str(error)
    if step.fails != bool(code):
        return f"exit code {code}"
    missing = session.wait_for(*step.expected)
    return "" if missing is None else f"this line did not come: {missing}"


@pytest.mark.skipif(sys.platform != "linux", reason="tutorials are for Linux")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_tutorial(page: Path) -> None:
    """Its blocks, typed in order into one shell, print what it shows; files are saved under their names."""
    if find_obstacle() or list_absent(page):
        pytest.skip(find_obstacle() or f"not installed here: {', '.join(list_absent(page))}")
    with (
        tempfile.TemporaryDirectory(prefix="tutorial-", ignore_cleanup_errors=True) as root,
        Session(Path(root)) as session,
    ):
        for step in read_steps(page):
            if isinstance(step, SavedFile):
                session.save(step.name, step.text)
            elif isinstance(step, Commands):
                fault = find_fault(session, step)
                assert not fault, report(session, step, f"{page.name}:{step.line}: {fault}")


def report(session: Session, step: Commands, fault: str) -> str:
    """Return all that tells why."""
    parts = {"typed": step.text.splitlines(), "expected": step.expected, "came": session.read()}
    return "\n".join([fault, *(line for title, lines in parts.items() for line in (f"--- {title}", *lines))])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_is_installed_exists(page: Path) -> None:
    """Each distribution and extra is this project's, or one that it is tested with; so are packages of the system."""
    for package in map(Requirement, list_packages(page, "pip")):
        assert package.name in {PROJECT["name"], *TESTED}
        assert package.extras <= (set(EXTRAS) if package.name == PROJECT["name"] else set())
    assert set(list_packages(page, "apt")) <= SYSTEM


def test_all_are_in_the_index() -> None:
    """The site's tree of tutorials has every one, and nothing else."""
    tree = (ROOT / "docs/index.md").read_text(encoding="utf-8").partition(":caption: Tutorials")[2].partition("```")[0]
    assert sorted(re.findall(r"(?m)^[\w-]+$", tree)) == [page.stem for page in PAGES]
