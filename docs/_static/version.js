// SPDX-License-Identifier: Apache-2.0
// Fill the menu of versions from the list that stands one folder above this version. Pages opened from a disk have none.
"use strict";

async function fillVersions(menu) {
  const root = new URL(menu.dataset.root, document.baseURI);
  if (!root.protocol.startsWith("http")) return;
  const answer = await fetch(new URL("../versions.json", root));
  const names = await answer.json();
  const current = root.pathname.split("/").at(-2);
  menu.replaceChildren(...names.map((name) => new Option(name, name, name === current, name === current)));
  menu.disabled = false;
  menu.addEventListener("change", () => openVersion(root, menu.value, menu.dataset.page));
}

// The same page where the other version has it, else its first.
async function openVersion(root, name, page) {
  const there = new URL(`../${encodeURIComponent(name)}/`, root);
  const same = new URL(page, there);
  const answer = await fetch(same, { method: "HEAD" });
  location.assign(answer.ok ? same : there);
}

document.addEventListener("DOMContentLoaded", () => {
  const menu = document.querySelector("#site-version");
  if (menu) fillVersions(menu).catch((error) => console.warn(`no list of versions: ${error}`));
});
