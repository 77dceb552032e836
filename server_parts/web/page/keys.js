// What keys do everywhere on the page, outside of windows.

import { $ } from "./view.js";

export function press(page, composer, event) {
  const isTyping = event.target.matches?.("input, textarea, select");
  const isOpen = document.querySelector("dialog[open]");
  if (isOpen || event.isComposing || $("app").hidden) return;
  if ((event.ctrlKey || event.metaKey) && event.key === "k") page.panels.switcher(page);
  else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown"))
    step(page, event.key === "ArrowUp" ? -1 : 1);
  else if (event.key === "Escape") escape(page, composer);
  else if (event.key === "?" && !isTyping) page.panels.help();
  else if ($("log").contains(event.target) && ["ArrowUp", "ArrowDown"].includes(event.key)) walk(event);
  else {
    const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ";
    if (isText && !isTyping && !event.target.matches?.("button")) $("input").focus();
    return;
  }
  event.preventDefault();
}

// From message to message with the arrow keys.
function walk(event) {
  const here = event.target.closest("article");
  const all = [...$("rows").querySelectorAll("article:not(.hidden)")];
  const next = here ? all[all.indexOf(here) + (event.key === "ArrowUp" ? -1 : 1)] : all.at(-1);
  next?.focus();
}

function step(page, by) {
  const all = [...$("room-list").querySelectorAll("[data-room]")].map((one) => one.dataset.room);
  const next = all[(all.indexOf(page.chat.current) + by + all.length) % all.length];
  if (next) page.chat.open(next);
}

function escape(page, composer) {
  if (document.body.classList.contains("drawer")) return page.drawer(false);
  if (composer.giveUp()) return;
  if (!page.room) return;
  page.room.mark = null;
  page.chat.read(page.chat.current);
  page.toEnd();
  $("input").focus();
}
