# SPDX-License-Identifier: Apache-2.0
"""What users reported about the modules, each with real Ansible."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from azure_imds_facts.emulator import Emulator
from lab.places import CHECKOUT

from tests.e2e.conftest import distributions, installed_wheel, shell, start_vm, wheel
from tests.e2e.shell import Shell

__all__ = ["distributions", "installed_wheel", "shell", "start_vm", "wheel"]

COLLECTION = CHECKOUT / "collections/ansible_collections/azure_imds/facts"
NAME = "azure_imds.facts.azure_imds_{}"
GROUP = "group/azure_imds.facts.azure_imds"
MODULES = ("azure_imds_facts", "azure_imds_info", "azure_imds_event_approve")
SECRET = "b3BlbiBzZXNhbWU="


def play(shell: Shell, *tasks: dict[str, Any], options: tuple[str, ...] = (), **keywords: Any) -> str:
    """Run tasks on localhost, which have to succeed, and return what Ansible printed."""
    path = shell.folder / "play.json"
    whole = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": list(tasks), **keywords}
    path.write_text(json.dumps([whole]))
    return shell.run_ok("ansible-playbook", str(path), *options)


def debug(expression: str) -> dict[str, Any]:
    """Return a task that prints the value of an expression."""
    return {"ansible.builtin.debug": {"msg": "<{{ " + expression + " }}>"}}


@pytest.fixture
def imds() -> Iterator[Emulator]:
    """An emulated VM with user data."""
    with Emulator() as emulator:
        emulator.set("compute.userData", SECRET)
        yield emulator


def read_documented() -> dict[str, str]:
    """Return place → play, of every play and list of tasks that the documentation shows."""
    pages = {
        page: (CHECKOUT / page).read_text() for page in ("README.md", "docs/ansible.md", "docs/ansible-maintenance.md")
    }
    pages["the collection's README.md"] = (COLLECTION / "README.md").read_text()
    shown = {page: re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) for page, text in pages.items()}
    for name in MODULES:
        documentation = yaml.safe_load((COLLECTION / f"plugins/modules/{name}.yml").read_text())
        shown[name] = [documentation["EXAMPLES"]]
    for path in sorted((CHECKOUT / "examples").glob("*.yml")):
        shown[path.name] = [path.read_text()]
    listed = {f"{place} {index}": text for place, texts in shown.items() for index, text in enumerate(texts)}
    # Variables of an inventory are no play; the play with a secret takes a host that proves itself (tests/attestation).
    return {
        place: text
        for place, text in listed.items()
        if isinstance(yaml.safe_load(text), list) and not place.startswith("secret.yml")
    }


DOCUMENTED = read_documented()


@pytest.mark.parametrize("place", DOCUMENTED)
def test_an_example_fails_on_a_classic_vm(shell: Shell, place: str) -> None:
    """Whatever the documentation shows runs on a VM without `compute`, with no variable undefined."""
    content = yaml.safe_load(DOCUMENTED[place])
    if "hosts" not in content[0]:
        gathering = [] if NAME.format("facts") in DOCUMENTED[place] else [{NAME.format("facts"): {}}]
        content = [{"hosts": "all", "gather_facts": False, "tasks": gathering + content}]
    for task in content[0].get("tasks", []):
        if "ansible.builtin.copy" in task:
            task["ansible.builtin.copy"]["dest"] = str(shell.folder / "copied")
            del task["become"]
    path = shell.folder / "documented.yml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    with Emulator(vm="classic") as imds:
        imds.event("Reboot")
        shell.env["AZURE_IMDS_ENDPOINT"] = imds.url
        inventory = shell.folder / "inventory.yml"
        local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        inventory.write_text(json.dumps({"all": {"hosts": {"localhost": local}}}))
        told = shell.run_ok("ansible-playbook", "-i", str(inventory), str(path))
    assert "failed=0" in told
    assert "ndefined" not in told


def test_available_says_yes_and_there_is_no_size(shell: Shell) -> None:
    """On a classic VM `azure_imds_snapshot_partial` says it, and is explained where `azure_imds_available` is."""
    with Emulator(vm="classic") as imds:
        facts = shell.ansible("azure_imds_facts", f"endpoint={imds.url}")["ansible_facts"]
    assert facts["azure_imds_available"] is True
    assert facts["azure_imds_snapshot_partial"] is True
    assert "azure_imds_compute_vm_size" not in facts
    for page in ("README.md", "docs/ansible.md"):
        paragraphs = (CHECKOUT / page).read_text().split("\n\n")
        assert any("azure_imds_snapshot_partial" in text and "classic" in text for text in paragraphs), page
    described = yaml.safe_load((COLLECTION / "plugins/modules/azure_imds_facts.yml").read_text())["RETURN"]
    available = described["ansible_facts"]["contains"]["azure_imds_available"]["description"]
    assert "azure_imds_snapshot_partial" in " ".join(available)


@pytest.mark.parametrize(
    "subset", ["compute, tags", ["compute", "tags"], "all, !network, !load_balancer", ["!network"]]
)
def test_gather_subset_takes_no_text(shell: Shell, imds: Emulator, subset: object) -> None:
    """A text with commas, blanks and `!` is taken as a list is."""
    names = "ansible_facts.keys() | select('match', 'azure_imds_network') | list | length"
    told = play(
        shell,
        {NAME.format("facts"): {"endpoint": imds.url, "gather_subset": subset, "timeout": 30}},
        debug("ansible_facts.azure_imds_compute_name ~ ansible_facts.azure_imds_tags_role ~ " + names),
    )
    assert "<web-01web0>" in told


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ("gather_subset=compyte", "gather_subset cannot be"),
        ("gather_subset=!compyte", "gather_subset cannot be"),
        ("reveal=userdata", "reveal cannot be"),
        ("detect=maybe", "detect cannot be"),
        ("cache_dir=relative", "cache_dir cannot be"),
        ("timeout=soon", "timeout"),
        ("colour=red", "colour"),
    ],
)
@pytest.mark.parametrize("module", MODULES)
def test_fail_on_never_hides_my_typo(shell: Shell, module: str, arguments: str, named: str) -> None:
    """A wrong argument fails, with the outcome `usage`, whatever `fail_on` says, and is called what the user calls it."""
    event = "event_id=x" if module == "azure_imds_event_approve" else ""
    result = shell.ansible(module, f"fail_on=never {arguments} {event}")
    assert (result["failed"], result["outcome"]) == (True, "usage")
    assert named in result["msg"]


def test_fail_on_never_hides_a_typo_on_the_target(shell: Shell) -> None:
    """Nor does it hide one in the target's environment."""
    result = shell.ansible("azure_imds_facts", "fail_on=never", AZURE_IMDS_GATHER="compyte")
    assert (result["failed"], result["outcome"]) == (True, "usage")
    assert "AZURE_IMDS_GATHER" in result["msg"]


@pytest.mark.parametrize("module", ["azure_imds_facts", "azure_imds_info"])
@pytest.mark.parametrize("fail_on", ["error", "any", "never"])
@pytest.mark.parametrize("trouble", ["off Azure", "unreachable"])
def test_fail_on_means_something_else_in_each_module(
    shell: Shell, refused_endpoint: str, module: str, fail_on: str, trouble: str
) -> None:
    """Which outcome fails is the same in the facts module and in the one that returns a value."""
    if trouble == "off Azure":
        result = shell.ansible(module, f"fail_on={fail_on}", AZURE_IMDS_DISABLED="1")
    else:
        result = shell.ansible(module, f"fail_on={fail_on} timeout=0.5 endpoint={refused_endpoint}")
    assert result["outcome"] == {"off Azure": "not_azure", "unreachable": "unreachable"}[trouble]
    assert result["failed"] is (fail_on == "any" or (fail_on, trouble) == ("error", "unreachable"))
    if not result["failed"]:
        key = "ansible_facts" if module == "azure_imds_facts" else "metadata"
        assert result[key] == {"azure_imds_available": False}
        assert ("[WARNING]" in result["warnings"]) is (trouble == "unreachable")


@pytest.mark.parametrize(
    "arguments", ["", "event_id=x colour=red", "event_id=x timeout=soon", "event_id=x fail_on=maybe"]
)
def test_a_refused_approval_has_no_outcome(shell: Shell, arguments: str) -> None:
    """A wrong or missing argument has the outcome `usage` there as everywhere."""
    result = shell.ansible("azure_imds_event_approve", arguments)
    assert (result["failed"], result["outcome"]) == (True, "usage")


@pytest.mark.parametrize("event_id", ["''", "' '"])
def test_an_empty_id_gives_half_a_sentence(shell: Shell, imds: Emulator, event_id: str) -> None:
    """An id that is empty is usage, says so, and asks nothing."""
    result = shell.ansible("azure_imds_event_approve", f"event_id={event_id} endpoint={imds.url}")
    assert (result["failed"], result["outcome"]) == (True, "usage")
    assert result["msg"] == "event_id is empty. Give the id of an event that IMDS lists."
    assert not imds.requests


def test_module_defaults_of_the_group_break_a_module(shell: Shell, imds: Emulator) -> None:
    """What the facts module takes the group may hold, and each module of the group runs with it."""
    options = {
        "endpoint": imds.url,
        "api_version": "2021-02-01",
        "timeout": 30,
        "detect": "skip",
        "cache_ttl": 10,
        "cache_dir": str(shell.folder / "own"),
        "gather_subset": "compute, tags",
        "reveal": ["admin_username"],
        "fail_on": "never",
    }
    documented = yaml.safe_load(shell.run_ok("ansible-doc", "--json", NAME.format("facts")))
    assert set(options) == set(documented[NAME.format("facts")]["doc"]["options"])
    group = yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text())["action_groups"]["azure_imds"]
    assert sorted(group) == sorted([*MODULES, "azure_imds_attested"])
    event = imds.event("Reboot")
    told = play(
        shell,
        {NAME.format("facts"): {}},
        {NAME.format("info"): {}, "register": "imds"},
        {NAME.format("event_approve"): {"event_id": event}, "register": "approved"},
        {NAME.format("attested"): {"nonce": "1234567890"}, "register": "signed"},
        debug(
            "ansible_facts.azure_imds_compute_name ~ imds.metadata.azure_imds_compute_name ~ approved.outcome ~ signed.outcome"
        ),
        module_defaults={GROUP: options},
    )
    assert "<web-01web-01okok>" in told


def test_an_approval_that_failed_passes_for_one(shell: Shell, imds: Emulator) -> None:
    """`fail_on: never` of the group does not make an approval that could not be made a success."""
    path = shell.folder / "play.json"
    task = {NAME.format("event_approve"): {"event_id": "602d9444-d2cd-49c7-8624-8643e7171297"}}
    defaults = {GROUP: {"fail_on": "never", "endpoint": imds.url}}
    path.write_text(
        json.dumps([{"hosts": "localhost", "gather_facts": False, "module_defaults": defaults, "tasks": [task]}])
    )
    done = shell.run("ansible-playbook", str(path))
    assert done.returncode == 2
    assert '"outcome": "rejected"' in done.stdout
    assert "azure_imds_facts lists the events" in done.stdout


@pytest.fixture(scope="session")
def ansible_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python environment with Ansible and without this project, as pipx makes one."""
    folder = tmp_path_factory.mktemp("ansible")
    venv.create(folder, with_pip=False)
    # A folder that a .pth names is searched, but what stands in its own .pth files, this project's, is not.
    (site,) = folder.glob("lib/python3*/site-packages")
    (site / "borrowed.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    return folder / "bin/python"


@pytest.fixture(scope="session")
def program_elsewhere(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> list[str]:
    """The command of a Python environment with this project and without Ansible."""
    folder = tmp_path_factory.mktemp("program")
    venv.create(folder, with_pip=False)
    (site,) = folder.glob("lib/python3*/site-packages")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", str(site), str(wheel)], check=True, timeout=120)
    return [str(folder / "bin/python"), "-m", "azure_imds_facts"]


def test_export_ansible_path_is_not_enough(
    shell: Shell, imds: Emulator, ansible_elsewhere: Path, program_elsewhere: list[str]
) -> None:
    """Where the package is in another environment than Ansible, what is printed makes the short names work."""
    shell.cwd = shell.folder
    adhoc = f"{ansible_elsewhere} -m ansible adhoc localhost -m"
    printed = shell.run(*program_elsewhere, "export", "ansible-path")
    assert Path(printed.stdout.strip(), "azure_imds_facts.py").is_file()
    alone = shell.run("sh", "-c", f"{adhoc} azure_imds_facts", ANSIBLE_LIBRARY=printed.stdout.strip())
    assert "unable to locate collection" in alone.stdout + alone.stderr
    said = re.search(r"ANSIBLE_COLLECTIONS_PATH=(\S+) ", printed.stderr)
    assert said, printed.stderr
    both = {"ANSIBLE_LIBRARY": printed.stdout.strip(), "ANSIBLE_COLLECTIONS_PATH": said[1]}
    assert "web-01" in shell.run_ok("sh", "-c", f"{adhoc} azure_imds_facts -a endpoint={imds.url}", **both)
    command = " ".join([*program_elsewhere, "export", "ansible-path", "--shell"])
    for module in ("azure_imds_facts", NAME.format("facts"), "azure_imds_info", NAME.format("info")):
        script = f'eval "$({command})" && {adhoc} {module} -a "endpoint={imds.url}"'
        assert "web-01" in shell.run_ok("sh", "-ec", script), module
    script = f'eval "$({command})" && {adhoc} azure_imds_info -a "endpoint={imds.url} reveal=user_data"'
    assert SECRET not in shell.run_ok("sh", "-ec", script)


def test_export_ansible_path_hides_my_own_modules(shell: Shell) -> None:
    """The variables put the paths before what is set already, or before Ansible's defaults."""
    script = (
        'eval "$(azure-imds-facts export ansible-path --shell)" && echo "$ANSIBLE_LIBRARY $ANSIBLE_COLLECTIONS_PATH"'
    )
    library, collections = shell.run_ok("sh", "-ec", script, ANSIBLE_LIBRARY="/my modules:/x").strip().rsplit(" ", 1)
    assert library.endswith("/plugins/modules:/my modules:/x")
    assert collections.endswith(":~/.ansible/collections:/usr/share/ansible/collections")


def test_a_secret_becomes_a_fact(shell: Shell, imds: Emulator) -> None:
    """`azure_imds_info` returns what the facts module does, makes no fact of it, and hides it where it is revealed."""
    cache = {
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(shell.folder / "f"),
    }
    shell.env.update(cache)
    told = play(
        shell,
        {NAME.format("info"): {"endpoint": imds.url, "reveal": "user_data"}, "register": "imds"},
        debug(f"imds.metadata.azure_imds_compute_user_data == '{SECRET}'"),
        debug("imds.revealed"),
        debug("ansible_facts.keys() | list"),
        options=("-vvv",),
    )
    assert "<True>" in told
    assert "<['user_data']>" in told
    assert "<[]>" in told
    assert "censored" in told
    assert SECRET not in told.replace(f"== '{SECRET}'", "")
    assert not any(SECRET in path.read_text() for path in (shell.folder / "f").glob("*"))


@pytest.mark.parametrize("how", ["loop", "environment", "async"])
def test_a_secret_is_shown(shell: Shell, imds: Emulator, how: str) -> None:
    """It is hidden in a loop, where the target's environment reveals it, and where Ansible waits for it."""
    task: dict[str, Any] = {NAME.format("info"): {"endpoint": imds.url, "reveal": ["user_data"]}, "register": "imds"}
    found = "imds.metadata"
    if how == "loop":
        task["loop"] = [1, 2]
        found = "imds.results[1].metadata"
    if how == "environment":
        del task[NAME.format("info")]["reveal"]
        task["environment"] = {"AZURE_IMDS_REVEAL": "user_data"}
    if how == "async":
        task.update({"async": 60, "poll": 1})
        shell.env["ANSIBLE_ASYNC_DIR"] = str(shell.folder / "async")
    told = play(shell, task, debug(f"{found}.azure_imds_compute_user_data | length"), options=("-vvv",))
    assert f"<{len(SECRET)}>" in told
    assert SECRET not in told


def test_the_two_modules_differ(shell: Shell, imds: Emulator) -> None:
    """Both have the same options, and return the same data under the same names."""
    documents = json.loads(shell.run_ok("ansible-doc", "--json", NAME.format("facts"), NAME.format("info")))
    described = [documents[NAME.format(name)] for name in ("facts", "info")]
    assert set(described[0]["doc"]["options"]) == set(described[1]["doc"]["options"])
    assert described[0]["return"]["ansible_facts"]["contains"] == described[1]["return"]["metadata"]["contains"]
    facts, info = (shell.ansible(f"azure_imds_{name}", f"endpoint={imds.url}") for name in ("facts", "info"))
    unequal = ("azure_imds_snapshot_source", "azure_imds_snapshot_age_seconds")
    for found in (facts["ansible_facts"], info["metadata"]):
        for name in unequal:
            del found[name]
    assert facts["ansible_facts"] == info["metadata"]
    assert "ansible_facts" not in info


def test_a_secret_of_the_endpoint_is_shown(shell: Shell) -> None:
    """A password in `endpoint` is neither in the message nor among the arguments that Ansible repeats."""
    for module in MODULES:
        for more in ("", "detect=maybe", "colour=red", "timeout=soon"):
            words = ("-vvv", "-a", f"endpoint=http://user:sesame@127.0.0.1 {more}")
            done = shell.run("ansible", "localhost", "-m", module, *words)
            assert "sesame" not in done.stdout.partition(" => ")[2] + done.stderr, (module, more)


def test_a_windows_host_fails_the_play(shell: Shell, start_vm: Callable[..., str]) -> None:
    """What the documentation says for Windows hosts leaves them out, by pattern and where facts are gathered."""
    for page in (CHECKOUT / "README.md", CHECKOUT / "docs/ansible.md", COLLECTION / "README.md"):
        assert "hosts: all:!windows" in page.read_text(), page
    folder = shell.folder / "inventory"
    (folder / "group_vars").mkdir(parents=True)
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    # Nothing can be run on it: a task that reached it would fail.
    windows = {"ansible_connection": "local", "ansible_shell_type": "powershell", "ansible_python_interpreter": "/none"}
    hosts = {"linux": {"hosts": {"penguin": local}}, "windows": {"hosts": {"pane": windows}}}
    (folder / "hosts.yml").write_text(json.dumps({"all": {"children": hosts}}))
    modules = {"ansible_facts_modules": [NAME.format("facts")]}
    (folder / "group_vars/linux.yml").write_text(json.dumps(modules))
    shell.env.update(AZURE_IMDS_ENDPOINT=start_vm(), ANSIBLE_INVENTORY=str(folder))
    asking = {NAME.format("facts"): {}}
    said = debug("inventory_hostname ~ ansible_facts.azure_imds_available | default(false)")
    plays = [
        {"hosts": "all:!windows", "gather_facts": False, "tasks": [asking]},
        {"hosts": "all", "gather_facts": False, "tasks": [{**asking, "when": "'windows' not in group_names"}, said]},
    ]
    path = shell.folder / "plays.json"
    path.write_text(json.dumps(plays))
    told = shell.run_ok("ansible-playbook", str(path))
    assert "<penguinTrue>" in told
    assert "<paneFalse>" in told
    path.write_text(json.dumps([{"hosts": "linux", "gather_facts": True, "tasks": [said]}]))
    assert "<penguinTrue>" in shell.run_ok("ansible-playbook", str(path))


@pytest.mark.parametrize("shell_type", ["powershell", "cmd"])
@pytest.mark.parametrize("module", ["facts", "info"])
def test_a_windows_host_is_told_what_to_use(shell: Shell, module: str, shell_type: str) -> None:
    """Nothing is run there: one line says what reads the facts, whatever `fail_on` says, by either name."""
    for name in (NAME.format(module), f"azure_imds_{module}"):
        words = (
            "-e",
            f"ansible_shell_type={shell_type}",
            "-e",
            "ansible_python_interpreter=/none",
            "-a",
            "fail_on=never",
        )
        done = shell.run("ansible", "localhost", "-m", name, *words)
        assert done.returncode == 2, done.stdout
        told = json.loads(done.stdout.partition(" => ")[2])
        assert "FAILED! => " in done.stdout
        assert told["outcome"] == "usage"
        assert "ansible.windows.setup reads them" in told["msg"]
        assert "\n" not in told["msg"]
        page = told["msg"].rpartition("/blob/main/")[2]
        assert "ansible.windows.setup:" in (CHECKOUT / page).read_text()


def test_the_role_refuses_what_the_module_takes(shell: Shell) -> None:
    """A text with blanks after commas, and `!name`, are settings of the role as well, and written without the blanks."""
    tasks = yaml.safe_load((COLLECTION / "roles/local_facts/tasks/present.yml").read_text())
    known = yaml.safe_load((COLLECTION / "roles/local_facts/vars/main.yml").read_text())
    check = next(task for task in tasks if task["name"] == "Check the settings")
    settings = {"AZURE_IMDS_GATHER": "all, !network , !tags", "AZURE_IMDS_REVEAL": ["user_data"]}
    variables = {name: value for name, value in known.items() if name in ("local_facts_known", "local_facts_plain")}
    joined = "[local_facts_settings.AZURE_IMDS_GATHER] | flatten | join(',') | regex_replace(' *, *', ',')"
    assert joined.partition("] ")[2] in (COLLECTION / "roles/local_facts/tasks/present.yml").read_text()
    told = play(shell, check, debug(joined), vars={**variables, "local_facts_settings": settings})
    assert "<all,!network,!tags>" in told
