# SPDX-License-Identifier: Apache-2.0
"""The site's configuration for Sphinx. `make docs` builds it, from these pages and from what is made of the code."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from pygments.lexers.templates import YamlJinjaLexer
from sphinx.util.logging import getLogger

if TYPE_CHECKING:
    from sphinx.addnodes import pending_xref
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

# Pages are built from a copy below build/, beside those that are made of the code.
CHECKOUT = Path(os.environ["AZURE_IMDS_CHECKOUT"])
SOURCE = "https://github.com/azure-imds/azure-imds-facts/blob/main/"
# What antsibull-docs refers to in Ansible's own site. Its inventory would have to be fetched for each build.
ANSIBLE = "https://docs.ansible.com/projects/ansible/latest/"
ANSIBLE_LABELS = {
    "action_plugins": "plugins/action.html#action-plugins",
    "ansible_configuration_settings": "reference_appendices/config.html#ansible-configuration-settings",
    "common_return_values": "reference_appendices/common_return_values.html#common-return-values",
}
sys.path.insert(0, str(CHECKOUT / "facts"))


def _load_parser() -> None:
    """Make the parser of all commands importable; the file's name, a command's, is none of a module."""
    spec = importlib.util.spec_from_file_location("render_prompt", CHECKOUT / "scripts/render-prompt.py")
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018  the file is there
    sys.modules["render_prompt"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["render_prompt"])


_load_parser()

from azure_imds_facts.core.versions import VERSION  # noqa: E402  found by the lines above

project = "azure-imds-facts"
copyright = "the azure-imds-facts contributors"  # noqa: A001  Sphinx's name
version = release = VERSION
html_title = "azure-imds-facts"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx_antsibull_ext",
    "sphinx_argparse_cli",
    "sphinx_copybutton",
]
exclude_patterns = ["requirements.txt"]
templates_path = ["_templates"]
# GitHub's anchors, so that a link holds there and here.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]
suppress_warnings = ["myst.strikethrough"]
# Commands stand in prose too, and are pasted.
smartquotes = False
nitpicky = False

# Salt is not needed to read what its functions say of themselves.
autodoc_mock_imports = ["salt"]
autodoc_typehints = "signature"
autodoc_member_order = "bysource"

html_theme = "furo"
html_static_path = ["_static"]
html_favicon = "_static/favicon.svg"
html_css_files = ["site.css"]
html_js_files = [("version.js", {"defer": "defer"})]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/version.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
antsibull_ext_color_scheme = "none"
html_theme_options = {
    "source_repository": "https://github.com/azure-imds/azure-imds-facts/",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_show_copyright = False
html_copy_source = False
# A shell's prompt is not part of what is pasted.
copybutton_prompt_text = r"\$ |# "
copybutton_prompt_is_regexp = True
highlight_language = "none"


def _list_examples() -> dict[str, Path]:
    """Return the example files by the name that pages give them."""
    found = sorted(path for path in (CHECKOUT / "examples").rglob("*") if path.is_file())
    return {path.relative_to(CHECKOUT).as_posix(): path for path in found if path.suffix != ".dockerignore"}


def _write_examples(app: Sphinx) -> None:
    """Write the page of all examples, so that a reader needs no other site for them."""
    parts = ["# Examples\n\nPlays, inventories and other files to copy. Tests check each of them.\n"]
    for name, path in _list_examples().items():
        language = "yaml" if path.suffix in (".yml", ".cloud-config") else "text"
        parts.append(f"## {name}\n\n```{language}\n{path.read_text(encoding='utf-8')}```\n")
    (Path(app.srcdir) / "examples.md").write_text("\n".join(parts), encoding="utf-8")


def _link_to_source(_app: Sphinx, page: str, source: list[str]) -> None:
    """Point to the page of examples, or to the sources for other files outside docs/; warn of one that is not there."""
    examples = _list_examples()

    def link(match: re.Match[str]) -> str:
        name = match[1].rstrip("/")
        if name in examples:
            return f"](examples.md#{re.sub(r'[^a-z0-9_-]', '', name)})"
        if not (CHECKOUT / name.partition("#")[0]).exists():
            getLogger("site").warning("%s: there is no file %s", page, name)
        return "](examples.md)" if name == "examples" else f"]({SOURCE}{name})"

    source[0] = re.sub(r"\]\(\.\./([^)]+)\)", link, source[0])


def _link_to_ansible(
    _app: Sphinx, _env: BuildEnvironment, reference: pending_xref, content: nodes.TextElement
) -> nodes.reference | None:
    """Resolve a label of Ansible's site."""
    place = ANSIBLE_LABELS.get(reference["reftarget"])
    return None if place is None else nodes.reference("", "", content, internal=False, refuri=ANSIBLE + place)


# What themes and extensions leave out of their HTML, and a reader without a mouse or a screen misses.
ACCESSIBLE = (
    ('role="heading"', 'role="heading" aria-level="2"'),
    ('aria-role="button" ', ""),  # no attribute of ARIA's, and these are links
    ("<pre>", '<pre tabindex="0">'),  # scrolls sideways
    ('<div class="table-wrapper ', '<div tabindex="0" class="table-wrapper '),
)


def _complete(app: Sphinx, error: Exception | None) -> None:
    """Mend the pages that are written."""
    for path in Path(app.outdir).rglob("*.html") if error is None else ():
        text = path.read_text(encoding="utf-8")
        for found, better in ACCESSIBLE:
            text = text.replace(found, better)
        path.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect what is above. Sphinx calls it."""
    app.connect("builder-inited", _write_examples)
    app.connect("source-read", _link_to_source)
    app.connect("missing-reference", _link_to_ansible)
    app.connect("build-finished", _complete)
    app.add_lexer("yaml", YamlJinjaLexer)  # Salt's states are both
    return {"parallel_read_safe": True}
