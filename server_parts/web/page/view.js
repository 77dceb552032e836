// Messages as a person sees them: elements of the document, of which only those near the screen exist.
//
// It must not know the connection. Texts become text nodes; nothing that anybody wrote is ever read as HTML.

import { changed, isAction, isBare, mentions, pieces, standing } from "./log.js";
import { shown } from "./shown.js";

const MOST_ROWS = 350; // in the document
const MOST_NEW = 120; // in one frame
const NEAR = 900; // pixels beyond the screen within which rows are made

export const $ = (id) => document.getElementById(id);

// An element. Of its properties, `on…` are listeners and `class`, `aria-…` and the like attributes.
export function el(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const part = (style) => new Intl.DateTimeFormat(undefined, style);
const CLOCK = part({ hour: "2-digit", minute: "2-digit" });
const DAY = part({ weekday: "long", day: "numeric", month: "long" });
const DATE = part({ dateStyle: "full", timeStyle: "short" });

export const clock = (ts) => CLOCK.format(ts * 1000);
export const date = (ts) => DATE.format(ts * 1000);

function dayName(ts) {
  const days = (new Date().setHours(0, 0, 0, 0) - new Date(ts * 1000).setHours(0, 0, 0, 0)) / 86400e3;
  return days < 0.5
    ? "Today"
    : days < 1.5
      ? "Yesterday"
      : DAY.format(ts * 1000) + (days > 300 ? `, ${new Date(ts * 1000).getFullYear()}` : "");
}

// The nodes of a text: links of http and https alone, code, and the rest as it is.
export function textNodes(text) {
  return pieces(text).map((piece) => {
    if (piece.link)
      return el("a", { href: piece.link, target: "_blank", rel: "noopener noreferrer nofollow" }, piece.link);
    if (piece.code) return el("code", {}, piece.code);
    if (piece.block !== undefined) return el("pre", { tabindex: 0 }, el("code", {}, piece.block));
    return document.createTextNode(piece.text);
  });
}

export const initial = (name) => [...name][0].toUpperCase();

export const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;

export function asSentence(text) {
  const local = localTimes(text);
  return local.charAt(0).toUpperCase() + local.slice(1) + (/[.!?…]$/.test(local) ? "" : ".");
}

// Times within the server's sentences, on this device's clock.
export function localTimes(text) {
  return text.replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (time) => new Date(time).toLocaleString());
}

// What a note between messages says.
export function sentence(note) {
  if (note.note === "text") return note.text;
  const few = (names) =>
    names.length > 4 ? `${names.slice(0, 3).join(", ")} and ${names.length - 3} others` : names.join(", ");
  const parts = note.renamed.map(([old, name]) => `${old} is now ${name}`);
  if (note.joined.length) parts.unshift(`${few(note.joined)} joined`);
  if (note.left.length) parts.push(`${few(note.left)} left`);
  return parts.join(" · ");
}

// One room's messages in the scrolling element. `chat` knows names; `act(verb, item, element)` hears of clicks.
export class LogView {
  follows = true; // the newest message is on the screen
  #near = { above: true, below: true }; // the end of the rows, on either side, is near the screen
  #scroller;
  #rows;
  #chat;
  #act;
  #room = null;
  #log = null;
  #version = 0; // of the log's content
  #shown = []; // the items that are rows, in order
  #nodes = new Map(); // item → its elements
  #newLine = el("div", { class: "line new" }, el("span", {}, "New"));
  #fill = () => {}; // asks for what is missing

  constructor(scroller, rows, chat, act, fill) {
    this.#scroller = scroller;
    this.#rows = rows;
    this.#chat = chat;
    this.#act = act;
    this.#fill = fill;
  }

  // Show what the room's log holds now. Returns whether there is more to show in the next frame.
  sync(room, anew = false) {
    if (anew || room !== this.#room || room.log !== this.#log || room.log.version !== this.#version) this.#begin(room);
    const hold = this.follows ? null : this.#anchor();
    this.#measure();
    this.#refresh();
    const more = this.#window();
    this.#placeNewLine();
    const node = this.#nodes.get(hold?.item)?.at(-1); // perhaps another one than before
    if (node) this.#scroller.scrollTop += node.getBoundingClientRect().top - hold.top;
    else if (this.follows) this.toEnd();
    return more;
  }

  toEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.follows = true;
  }

  // Bring a message to the middle of the screen. Its row must be made first, so the window begins around it.
  show(id) {
    const index = this.#log.items.findIndex((item) => item.id === id);
    if (index < 0) return;
    this.#clear();
    this.follows = false;
    const items = this.#log.items.slice(Math.max(0, index - 50), index + 50);
    for (const item of items) this.#insert(item, null);
    const node = this.#nodes.get(this.#log.items[index]).at(-1);
    node.scrollIntoView({ block: "center" });
    node.classList.add("found");
    node.focus({ preventScroll: true });
    setTimeout(() => node.classList.remove("found"), 2500);
  }

  // The person has scrolled. Returns whether rows are to be made.
  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    const fromEnd = scrollHeight - scrollTop - clientHeight;
    const hasAll = this.#shown.at(-1) === this.#log?.items.at(-1); // else it follows only if it did: rows are being made
    this.follows = fromEnd < 40 && Boolean(this.#log?.isLive) && (hasAll || this.follows);
    return scrollTop < NEAR || fromEnd < NEAR;
  }

  itemOf(element) {
    const id = Number(element?.closest("article")?.dataset.id);
    return id ? this.#log.find(id) : null;
  }

  #begin(room) {
    this.#clear();
    this.#room = room;
    this.#log = room.log;
    this.#version = room.log.version;
    this.follows = true;
  }

  #clear() {
    this.#rows.replaceChildren();
    this.#nodes.clear();
    this.#shown = [];
  }

  // Make the rows near the screen, at most so many in a frame, and let go of those far from it.
  #window() {
    const { items } = this.#log;
    this.#dropTrimmed(items);
    let begin = this.#shown.length ? items.indexOf(this.#shown[0]) : items.length;
    let end = begin + this.#shown.length;
    if (this.follows && items.length - end > MOST_NEW) {
      this.#clear();
      begin = end = items.length - MOST_NEW / 2;
    }
    const below = this.follows || this.#near.below || end - begin < MOST_ROWS;
    const added = below ? items.slice(end, end + MOST_NEW / 2) : [];
    for (const item of added) this.#insert(item, null);
    end += added.length;
    const above = this.#near.above ? items.slice(Math.max(0, begin - MOST_NEW / 2), begin) : [];
    this.#insertAbove(above, this.#rows.firstChild);
    begin -= above.length;
    this.#letGo();
    if (begin === 0 && this.#near.above && !this.#log.hasAll) this.#fill("older");
    if (end === items.length && this.#near.below && !this.#log.isLive) this.#fill("newer");
    return above.length > 0 || (added.length > 0 && end < items.length);
  }

  // The document is measured once a frame, before it is changed.
  #measure() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    this.#near = { above: scrollTop < NEAR, below: scrollHeight - scrollTop - clientHeight < NEAR };
  }

  #insertAbove(items, before) {
    for (let index = items.length - 1; index >= 0; index -= 1) {
      this.#insert(items[index], before, true);
      before = this.#nodes.get(items[index])[0];
    }
    // What was the first row may go on what is above it now.
    const next = this.#shown[items.length];
    if (items.length && next) this.#replace(next);
  }

  #insert(item, before, isAbove = false) {
    const nodes = this.#elements(item);
    this.#nodes.set(item, nodes);
    if (isAbove) this.#shown.unshift(item);
    else this.#shown.push(item);
    for (const node of nodes) this.#rows.insertBefore(node, before);
  }

  #replace(item) {
    const old = this.#nodes.get(item);
    const nodes = this.#elements(item);
    this.#nodes.set(item, nodes);
    const hadFocus = old.at(-1).contains(document.activeElement);
    const [before, now] = [old, nodes].map((all) => all.at(-1).querySelector?.(".file"));
    if (before && now) now.replaceWith(before); // a picture that is loaded stays
    if (before && !isBare(item)) before.querySelector(".tick")?.remove();
    old[0].before(...nodes);
    for (const node of old) node.remove();
    if (hadFocus) nodes.at(-1).focus({ preventScroll: true });
  }

  #remove(item) {
    for (const node of this.#nodes.get(item)) node.remove();
    this.#nodes.delete(item);
  }

  #letGo() {
    const tooMany = this.#shown.length - MOST_ROWS;
    if (tooMany <= 0) return;
    const isUp = !this.follows && this.#scroller.scrollTop < this.#scroller.scrollHeight / 2;
    const gone = isUp ? this.#shown.splice(MOST_ROWS) : this.#shown.splice(0, tooMany);
    for (const item of gone) this.#remove(item);
  }

  // Rows whose messages the log has let go of.
  #dropTrimmed(items) {
    const first = items[0];
    if (!first || this.#nodes.has(first)) return;
    while (this.#shown.length && !items.includes(this.#shown[0])) this.#remove(this.#shown.shift());
    while (this.#shown.length && !items.includes(this.#shown.at(-1))) this.#remove(this.#shown.pop());
  }

  #refresh() {
    for (const item of this.#log.touched) if (this.#nodes.has(item)) this.#replace(item);
    this.#log.touched.clear();
  }

  #placeNewLine() {
    this.#newLine.remove();
    const { mark } = this.#room;
    if (mark === null) return;
    const first = this.#shown.find((item) => item.id > mark && !this.#chat.isMe(item.from));
    if (first) this.#nodes.get(first)[0].before(this.#newLine);
  }

  // The first row on the screen, by which the place is held while rows come and go above it.
  #anchor() {
    const top = this.#scroller.getBoundingClientRect().top;
    for (const item of this.#shown) {
      const box = this.#nodes.get(item).at(-1).getBoundingClientRect();
      if (box.bottom > top) return { item, top: box.top };
    }
    return null;
  }

  // --- One row ---

  #elements(item) {
    if (item.note) return [el("p", { class: "note" }, sentence(item))];
    const { day, head } = standing(this.#log.items, this.#log.items.indexOf(item));
    const lines = day ? [el("div", { class: "line" }, el("span", {}, dayName(item.ts)))] : [];
    return [...lines, item.change ? this.#change(item) : this.#article(item, head)];
  }

  // A line of the server's, for which there are no buttons: moderators delete it by its number.
  #change(item) {
    return el("p", { class: "note", title: `#${item.id}, ${date(item.ts)}` }, `${clock(item.ts)} ${changed(item)}`);
  }

  #article(item, head) {
    const isMine = this.#chat.isMe(item.from);
    const kinds = [
      "row",
      head && "head",
      isMine && "mine",
      isAction(item) && "action",
      this.#chat.ignores(item.from) && "hidden",
    ];
    if (!isMine && mentions(this.#chat.me.name, item.text)) kinds.push("for-me");
    const time = el("time", { datetime: new Date(item.ts * 1000).toISOString(), title: date(item.ts) }, clock(item.ts));
    const name = el("b", { "data-color": item.color, onclick: () => this.#act("person", item) }, item.from);
    return el(
      "article",
      {
        class: kinds.filter(Boolean).join(" "),
        "data-id": item.id,
        "data-initial": initial(item.from),
        tabindex: -1,
        "data-color": item.color,
      },
      head && !isAction(item)
        ? el("header", {}, name, time)
        : el("span", { class: "small" }, el("span", { class: "unseen" }, item.from), time),
      item.reply != null ? this.#quote(item) : null,
      isBare(item) ? null : this.#body(item, isMine),
      item.file ? this.#file(item, isMine) : null,
      this.#reactions(item),
    );
  }

  #body(item, isMine) {
    if (item.deleted) return el("div", { class: "text gone" }, "This message was deleted.");
    const action = isAction(item);
    const body = el("div", { class: "text", dir: "auto" });
    if (action) body.append(el("b", { "data-color": item.color }, item.from), " ");
    body.append(...textNodes(action ? item.text.slice(4) : item.text));
    if (item.edited) body.append(el("small", { title: date(item.edited) }, " (edited)"));
    body.append(this.#tick(item, isMine));
    return body;
  }

  #tick(item, isMine) {
    return isMine && item.by === this.#chat.me.tag ? el("span", { class: "tick", title: "Delivered" }, " ✓") : "";
  }

  #file(item, isMine) {
    const figure = shown(el, item.file, this.#room, this.#chat.addresses);
    if (isBare(item)) figure.lastChild.append(this.#tick(item, isMine));
    return figure;
  }

  #quote(item) {
    const about = this.#log.find(item.reply);
    const words = about
      ? about.deleted
        ? "deleted message"
        : about.text.replace(/\s+/g, " ").slice(0, 120)
      : "an earlier message";
    return el(
      "button",
      {
        class: "quote",
        type: "button",
        onclick: () => this.#act("jump", item),
        "aria-label": `Answers ${about?.from ?? ""}: ${words}`,
      },
      about ? el("b", { "data-color": about.color }, about.from) : null,
      ` ${words}`,
    );
  }

  #reactions(item) {
    const all = Object.entries(item.reactions ?? {});
    if (!all.length) return null;
    const button = ([text, names]) => {
      const mine = names.some((name) => this.#chat.isMe(name));
      const onclick = () => this.#act("react", item, mine ? "" : text);
      return el(
        "button",
        { type: "button", class: mine ? "mine" : null, "aria-pressed": String(mine), title: names.join(", "), onclick },
        `${text} ${names.length}`,
      );
    };
    return el("div", { class: "reactions" }, ...all.map(button));
  }
}
