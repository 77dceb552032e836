// The rooms and private talks at the side, with what is unread there, and who one is.

import { $, count, el, initial } from "./view.js";

export function drawRooms(page) {
  const all = [...page.chat.rooms.values()];
  const [open, closed] = [
    all.filter((one) => !one.name.startsWith("@")),
    all.filter((one) => one.name.startsWith("@")),
  ];
  closed.sort(
    (a, b) => (b.log.items.findLast((item) => item.ts)?.ts ?? 0) - (a.log.items.findLast((item) => item.ts)?.ts ?? 0),
  );
  const focused = document.activeElement?.closest("#room-list") && document.activeElement.dataset.room;
  const title = (text, label, onclick) =>
    el("h2", {}, text, el("button", { class: "icon", "aria-label": label, title: label, onclick }, "+"));
  $("room-list").replaceChildren(
    title("Rooms", "Join a room", () => page.panels.directory(page)),
    ...open.map((room) => roomButton(page, room)),
    title("People", "Write to somebody", () => page.panels.someone(page)),
    ...closed.map((room) => roomButton(page, room)),
  );
  if (focused)
    $("room-list")
      .querySelector(`[data-room="${CSS.escape(focused)}"]`)
      ?.focus();
  const { name, away } = page.chat.me;
  $("me").replaceChildren(
    el("span", { class: away ? "dot away" : "dot" }),
    el("span", {}, name, away ? el("small", {}, ` ${away}`) : null),
  );
  $("me").setAttribute("aria-label", `${name}: settings`);
}

function roomButton(page, room) {
  const { name, unread, mentions } = room;
  const isHere = name === page.chat.current;
  const number = mentions || unread;
  const kinds = ["room", isHere && "here", unread && "unread", mentions && "mentioned"].filter(Boolean).join(" ");
  const spoken = number ? `, ${mentions ? count(mentions, "mention") : `${unread} unread`}` : "";
  const sign = name.startsWith("@")
    ? el("i", { class: "face", "aria-hidden": "true" }, initial(page.chat.title(name)))
    : el("i", { "aria-hidden": "true" }, "#");
  const label = `${page.chat.title(name)}${spoken}`;
  return el(
    "button",
    {
      class: kinds,
      "data-room": name,
      "aria-current": isHere ? "page" : null,
      "aria-label": label,
      onclick: () => page.chat.open(name),
    },
    sign,
    el("span", {}, page.chat.title(name)),
    number ? el("b", {}, String(Math.min(number, 999))) : null,
  );
}

let badge = false; // the icon has a dot

// The title of the tab, and its icon, tell what is unread.
export function drawTitle(page) {
  const all = [...page.chat.rooms.values()];
  const sum = (what) => all.reduce((number, room) => number + room[what], 0);
  const [forMe, unread] = [sum("mentions"), sum("unread")];
  const here = page.chat.current ? page.chat.title(page.chat.current) : "Chat";
  document.title = `${forMe ? `(${forMe}) ` : unread ? "• " : ""}${here} – Chat`;
  if (badge !== Boolean(forMe)) window.early.drawIcon(Boolean(forMe));
  badge = Boolean(forMe);
}
