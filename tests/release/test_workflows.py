# SPDX-License-Identifier: Apache-2.0
"""The forge's workflows: pinned, without more rights than a job needs, and each step run or read here before it runs there."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import tomllib
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".github/workflows"
NAMES = sorted(path.name for path in FOLDER.glob("*.yml"))
WORKFLOWS: dict[str, Any] = {name: yaml.safe_load((FOLDER / name).read_text(encoding="utf-8")) for name in NAMES}
JOBS = {(name, job): what for name in NAMES for job, what in WORKFLOWS[name]["jobs"].items()}
STEPS = {
    (name, job, step["name"]): step
    for (name, job), what in JOBS.items()
    for step in what["steps"]
    if "run" in step
}  # fmt: skip
# What a job may have beside reading the sources, and what for.
RIGHTS = {
    ("release.yml", "attest"): {"id-token": "write", "attestations": "write"},
    ("release.yml", "pypi"): {"id-token": "write"},
    ("release.yml", "release"): {"contents": "write"},
    ("docs.yml", "publish"): {"contents": "write"},
}
# Steps that only the forge can run, for they write to it or to a registry.
FORGE = {("release.yml", "galaxy", "Publish the collection"), ("release.yml", "release", "Make the release")}
# Steps that are run below, those of a release in order, with small files in the artefacts' place.
PAGES = ("docs.yml", "publish", "Push the pages")
RUN = (
    ("release.yml", "build", "Compare"),
    ("release.yml", "build", "Write sums and notes"),
    ("release.yml", "test", "Check the sums"),
    ("release.yml", "pypi", "Pick what PyPI takes"),
)
# The others are a target of make or a script: what `.ci/run`, the scripts' own tests or their users run.
COMMAND = re.compile(
    r"(?:sudo env \"PATH=\$PATH\" )?(?:\S+/python )?(make|\.ci/run|scripts/[\w-]+\.(?:sh|py))(?: ([a-z-]+))?"
)
ARTEFACTS = (
    "azure_imds_facts-1.0.0-py3-none-any.whl", "azure_imds_facts-1.0.0.tar.gz", "azure_imds-facts-1.0.0.tar.gz",
    "azure-imds-facts.pyz", "azure-imds-facts-1.0.0.cdx.json", "azure-imds-facts_1.0.0-1_all.deb",
    "azure-imds-facts-1.0.0-1.noarch.rpm",
)  # fmt: skip


def read_pairs(script: str) -> list[str]:
    """Return the versions that a matrix's script promises."""
    (pairs,) = re.findall(
        r"^readonly all=\((.*)\)$", (ROOT / "scripts" / script).read_text(encoding="utf-8"), re.MULTILINE
    )
    return sorted(pairs.split())


def run_step(
    key: tuple[str, str, str], folder: Path, variables: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a step as the forge does: bash with these options, on a file."""
    script = folder.parent / "step"
    script.write_text(STEPS[key]["run"], encoding="utf-8")
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
    environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(folder.parent), "LC_ALL": "C", **(variables or {})}
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_pinned(name: str) -> None:
    """Each is named by a whole digest, with its version beside it, and the same one everywhere."""
    lines = re.findall(r"uses: (.*)", (FOLDER / name).read_text(encoding="utf-8"))
    assert lines
    everywhere = "".join((FOLDER / other).read_text(encoding="utf-8") for other in NAMES)
    for line in lines:
        match = re.fullmatch(r"([\w-]+/[\w-]+)@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)
        assert match, line
        assert set(re.findall(rf"uses: ({match[1]}@.*)", everywhere)) == {line}


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_rights(name: str, job: str) -> None:
    """A workflow has none, a job what the table says; no credential stays in a checkout; every job ends by itself."""
    assert WORKFLOWS[name]["permissions"] == {}
    allowed = RIGHTS.get((name, job), {"contents": "read"})
    assert JOBS[name, job]["permissions"] == allowed
    assert JOBS[name, job]["timeout-minutes"] <= 90
    for step in JOBS[name, job]["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
            assert allowed == {"contents": "read"}, "what may write runs no code of the checkout"


def test_secrets_are_where_they_are_used() -> None:
    """The token of Galaxy is the only secret, and one step sees it."""
    text = {name: (FOLDER / name).read_text(encoding="utf-8") for name in NAMES}
    assert {name: re.findall(r"secrets\.\w+", text[name]) for name in NAMES if "secrets." in text[name]} == {
        "release.yml": ["secrets.GALAXY_TOKEN"]
    }
    step = STEPS["release.yml", "galaxy", "Publish the collection"]
    assert step["env"]["ANSIBLE_GALAXY_SERVER_GALAXY_TOKEN"] == "${{ secrets.GALAXY_TOKEN }}"


@pytest.mark.parametrize("key", STEPS, ids=" / ".join)
def test_steps_are_sound(key: tuple[str, str, str]) -> None:
    """Bash reads each, nothing of the forge is pasted into it, and what it calls is there."""
    script = STEPS[key]["run"]
    assert "${{" not in script, "by the environment, for pasted text is code"
    read = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")
    if key in FORGE or key in RUN or key == PAGES:
        return
    match = COMMAND.match(script)
    assert match, f"{script!r} is neither run by a test, nor the forge's, nor a command of this repository"
    if match[1] == "make":
        assert re.search(rf"^{match[2]}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    else:
        assert os.access(ROOT / match[1], os.X_OK)


def test_the_rehearsal_leaves_out_what_only_the_forge_can() -> None:
    """`make rehearse-release` runs every other step of the release; the names that it leaves out are this table's."""
    spec = importlib.util.spec_from_file_location("rehearse_release", ROOT / "scripts/rehearse-release.py")
    assert spec is not None
    assert spec.loader is not None
    rehearsal = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rehearsal)
    assert {name for _, _, name in FORGE} == set(rehearsal.OUTSIDE)
    used = {
        step["uses"].partition("@")[0]
        for (name, _), what in JOBS.items()
        if name == "release.yml"
        for step in what["steps"]
        if "uses" in step
    }
    assert used - set(rehearsal.ACTIONS) == set(rehearsal.OUTSIDE_ACTIONS)


def test_the_tables_name_steps() -> None:
    """No row is about a step that is gone."""
    assert {*FORGE, *RUN, PAGES} <= set(STEPS)
    assert set(RIGHTS) <= set(JOBS)


def test_matrices() -> None:
    """The forge runs each pair and each Python that the scripts and the distribution promise."""
    ansible = JOBS["ci.yml", "ansible"]["strategy"]["matrix"]["include"]
    assert sorted("{core}@{controller}/{target}".format(**row) for row in ansible) == read_pairs(
        "test-ansible-matrix.sh"
    )
    salt = JOBS["ci.yml", "salt"]["strategy"]["matrix"]["include"]
    assert sorted("{salt}@{python}".format(**row) for row in salt) == read_pairs("test-matrix.sh")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    promised = [line.split(" :: ")[-1] for line in project["classifiers"] if re.search(r":: 3\.\d+$", line)]
    for key in (("ci.yml", "install"), ("release.yml", "test")):
        assert JOBS[key]["strategy"]["matrix"]["python"] == promised
    # 3.11 is .ci/run's; what is older cannot run the tests' ansible-core.
    assert ["3.11", *JOBS["ci.yml", "python"]["strategy"]["matrix"]["python"]] == promised[2:]


def test_the_release_tests_and_attests_what_it_publishes() -> None:
    """One job builds, and nothing is published before all has passed."""
    needs = {job: what.get("needs") for (name, job), what in JOBS.items() if name == "release.yml"}
    assert needs == {
        "build": None, "test": "build", "attest": "test", "pypi": "attest", "galaxy": "attest",
        "release": ["pypi", "galaxy"],
    }  # fmt: skip
    assert [key for key, step in STEPS.items() if key[0] == "release.yml" and "make dist" in step["run"]] == [
        ("release.yml", "build", "Build")
    ]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A checkout after `make dist` and `make reproducible`, with small files in the artefacts' place."""
    folder = tmp_path / "checkout"
    for name in ("dist", "build"):
        (folder / name).mkdir(parents=True)
    for name in ARTEFACTS:
        (folder / "dist" / name).write_text(name, encoding="utf-8")
    sums = subprocess.run(
        ["sha256sum", "--", *ARTEFACTS], cwd=folder / "dist", check=True, capture_output=True, text=True
    )
    log = f"Python 3.11 in build (ext2/ext3)\n{sums.stdout}Python 3.13 in /dev/shm (tmpfs)\n{sums.stdout}equal, all 7\n"
    (folder / "build/reproducible.log").write_text(log, encoding="utf-8")
    (folder / "CHANGELOG.md").write_text((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), encoding="utf-8")
    return folder


def test_the_steps_of_a_release_run(built: Path) -> None:
    """In order: sums are compared, written and checked, notes are the newest entry, PyPI gets its two files."""
    for key in RUN:
        done = run_step(key, built)
        assert done.returncode == 0, (key, done.stderr)
    notes = (built / "notes/notes.md").read_text(encoding="utf-8")
    newest = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1].partition("\n")[2]
    assert notes.strip() == newest.strip()
    assert sorted(path.name for path in (built / "packages").iterdir()) == sorted(ARTEFACTS[:2])
    assert sorted(path.name for path in (built / "dist").iterdir()) == sorted(["SHA256SUMS", *ARTEFACTS[2:]])


@pytest.mark.parametrize("name", ARTEFACTS)
def test_another_byte_ends_the_release(built: Path, name: str) -> None:
    """An artefact that is not what the other builds made, or is not what was built, goes no further."""
    for key in RUN[:2]:
        assert run_step(key, built).returncode == 0
    (built / "dist" / name).write_text("changed", encoding="utf-8")
    assert run_step(RUN[2], built).returncode != 0
    (built / "dist/SHA256SUMS").unlink()
    assert run_step(RUN[0], built).returncode != 0
