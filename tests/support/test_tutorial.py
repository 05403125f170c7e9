# SPDX-License-Identifier: Apache-2.0
"""A page of a tutorial is read as its reader reads it."""

from __future__ import annotations

import pytest

from tests.support.tutorial import Commands, Installation, SavedFile, parse_tutorial

PAGE = """# A tutorial

<!-- installs -->
```sh
sudo apt update && sudo apt install python3-venv
pip install --quiet 'one[two,three]' \\
    four  # and a comment
```

Save this:

```yaml
# folder/play.yml
- hosts: all
```

<!-- fails -->

```sh
false
```

```text
first
…
```

```sh
true
```
"""


def test_steps() -> None:
    """Each kind of block is a step, with the line on which it begins."""
    installation, saved, failing, passing = parse_tutorial(PAGE)
    assert isinstance(installation, Installation)
    assert installation.list_packages("pip") == ["one[two,three]", "four"]
    assert installation.list_packages("apt") == ["python3-venv"]
    assert saved == SavedFile(12, "# folder/play.yml\n- hosts: all\n", "folder/play.yml")
    assert failing == Commands(19, "false\n", fails=True, expected=("first", "…"))
    assert passing == Commands(28, "true\n")


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("```text\nalone\n```\n", "line 1: output"),
        ("```sh\ntrue\n```\n```text\n1\n```\n```text\n2\n```\n", "line 7: output"),
        ("```yaml\n- hosts: all\n```\n", "line 1: a block of yaml"),
        ("- item\n\n  ```sh\n  true\n  ```\n", "line 3: a block"),
        ("```\ntrue\n```\n", "line 1: a block"),
    ],
)
def test_what_is_no_step(page: str, reason: str) -> None:
    """A block that would be neither run nor saved is an error."""
    with pytest.raises(ValueError, match=reason):
        parse_tutorial(page)
