#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Look at every page of the built site in headless Chromium: scripts/check-site.py FOLDER [--short].

Each page, narrow and wide, in light and in dark: nothing to scroll sideways for, no error in the console, and nothing
that axe-core calls serious. The search has to find a fact, and the menu of versions to lead to another version. The
site is served as it is published, one version beside another. One line for each defect; ends with 1 where there is one.
"""

from __future__ import annotations

import argparse
import functools
import shutil
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

WIDTHS = (360, 1280)
SERIOUS = ("serious", "critical")
# What a newcomer opens first: continuous integration looks at these alone.
SHORT = ("index.html", "ansible.html", "reference.html", "commands.html")
SEARCHED, FOUND_ON = "vm_size", "reference.html"
# The version whose pages are looked at, and the other one, which lacks a page.
VERSION, OTHER, NEW_PAGE = "main", "0.0.1", "fleets.html"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_values: object) -> None:
        """Say nothing of a request."""


def main() -> int:
    """Print each defect; return 1 where there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the site, as make docs builds it")
    parser.add_argument("--short", action="store_true", help="a few pages alone")
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        print("check-site: there is no Chromium here. On Debian: apt-get install chromium", file=sys.stderr)
        return 1
    pages = sorted(str(path.relative_to(options.folder)) for path in options.folder.rglob("*.html"))
    if options.short:
        pages = [page for page in pages if page in SHORT]
    with tempfile.TemporaryDirectory() as site, _serving(Path(site)) as url, sync_playwright() as playwright:
        _stage(options.folder, Path(site))
        # Root, as in a container, has no sandbox; the pages are this project's own.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        own = f"{url}{VERSION}/"
        defects = [*_check_pages(browser, own, pages), *_check_search(browser, own), *_check_versions(browser, url)]
        browser.close()
    print(*defects, f"{len(pages)} pages at {len(WIDTHS)} widths, {len(defects)} defects", sep="\n")
    return 1 if defects else 0


def _stage(folder: Path, site: Path) -> None:
    for version in (VERSION, f"v{OTHER}"):
        program = Path(__file__).with_name("stage-site.py")
        subprocess.run([sys.executable, str(program), str(folder), str(site), version], check=True, capture_output=True)
    (site / OTHER / NEW_PAGE).unlink()


@contextmanager
def _serving(site: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _check_pages(browser: Browser, url: str, pages: list[str]) -> Iterator[str]:
    for width in WIDTHS:
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            for name in pages:
                page = context.new_page()
                for defect in _check_page(page, url + name):
                    yield f"{name} at {width} px, {scheme}: {defect}"
                page.close()
            context.close()


def _check_page(page: Page, url: str) -> list[str]:
    said: list[str] = []
    page.on("console", lambda message: said.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    page.goto(url, wait_until="load")
    scrolled = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    if scrolled > 0:
        said.append(f"scrolls sideways by {scrolled} px")
    found: list[dict[str, Any]] = Axe().run(page).response["violations"]
    said += [
        f"axe: {one['id']}: {one['help']} ({len(one['nodes'])}): {one['nodes'][0]['html'][:120]!r}"
        for one in found
        if one["impact"] in SERIOUS
    ]
    return said


def _check_search(browser: Browser, url: str) -> Iterator[str]:
    page = browser.new_page()
    page.goto(f"{url}search.html?q={SEARCHED}")
    try:
        page.wait_for_selector(f"#search-results a[href*='{FOUND_ON}']", timeout=15_000)
    except Exception as error:  # noqa: BLE001  whatever it is, the search does not work
        yield f"search: {SEARCHED} is not found on {FOUND_ON}: {str(error).splitlines()[0]}"


def _check_versions(browser: Browser, url: str) -> Iterator[str]:
    """The first page leads to the newest release, and the menu to the same page of another version, or to its first."""
    page = browser.new_page()
    steps = (("", OTHER, ""), (VERSION, OTHER, SHORT[1]), (OTHER, VERSION, SHORT[1]), (VERSION, OTHER, NEW_PAGE))
    for beginning, version, name in steps:
        wanted = f"{url}{version}/{name if name != NEW_PAGE else ''}"
        try:
            page.goto(f"{url}{beginning}/{name}" if beginning else url)
            if beginning:
                page.select_option(f"#site-version:has(option:text-is('{version}'))", version, timeout=15_000)
            page.wait_for_url(wanted, timeout=15_000)
        except Exception as error:  # noqa: BLE001  whatever it is, the menu does not work
            yield f"versions: {beginning}/{name} does not lead to {wanted}: {str(error).splitlines()[0]}"


if __name__ == "__main__":
    sys.exit(main())
