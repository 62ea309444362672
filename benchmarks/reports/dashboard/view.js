// Keeps the live part of a page up to date; everything works without it too.
"use strict";

const PAUSE = 2000; // milliseconds

const live = document.querySelector("[data-live]");
let shown = live?.innerHTML;

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = document.getElementById(live.id);
  const next = page.getElementById(live.id);
  showNotice(page.querySelector(".notice[role=status]"));
  if (!next || next.innerHTML === shown) return;
  shown = next.innerHTML;
  const open = [...now.querySelectorAll("details[open][id]")].map((each) => each.id);
  now.replaceWith(document.adoptNode(next));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (!next.dataset.live) clearInterval(timer);
}

function showNotice(next) {
  document.querySelector(".notice[role=status]")?.remove();
  if (next) document.querySelector("main").prepend(document.adoptNode(next));
}

const timer = live && setInterval(() => refresh().catch(() => {}), PAUSE);

for (const select of document.querySelectorAll(".filters select")) {
  select.addEventListener("change", () => select.form.requestSubmit());
}
