// What is on the screen: drawn once a frame, and only what has changed.

import { drawRooms, drawTitle } from "./side.js";
import { $, count, textNodes } from "./view.js";

const CHANGES_THE_LOG = ["room", "log", "me", "pending", "anew", "scroll"];

export class Drawing {
  #page;
  #dirty = new Set();

  constructor(page) {
    this.#page = page;
  }

  draw(what) {
    if (!this.#dirty.size) requestAnimationFrame(() => this.#frame());
    this.#dirty.add(what);
  }

  #frame() {
    const page = this.#page;
    const dirty = this.#dirty;
    const has = (...all) => all.some((one) => dirty.has(one));
    this.#dirty = new Set();
    if (!page.room) return drawRooms(page);
    if (has("room")) this.#drawRoom(page.room);
    if (has("room", "pending")) page.composer?.drawPending();
    if (has(...CHANGES_THE_LOG) && page.view.sync(page.room, has("anew"))) this.draw("scroll");
    if (page.attends()) page.chat.read(page.chat.current);
    if (has("room", "people")) this.#drawTopic(page.room);
    if (has("room", "people", "me")) this.#drawPeople();
    drawRooms(page);
    drawTitle(page);
    this.#drawDown();
  }

  #drawRoom({ name }) {
    const isPrivate = name.startsWith("@");
    const title = this.#page.chat.title(name);
    $("room-name").textContent = isPrivate ? title : `# ${title}`;
    $("input").placeholder = `Message ${isPrivate ? title : `#${title}`}`;
    $("people-button").hidden = $("room-menu").hidden = isPrivate;
    if (isPrivate) $("people").hidden = true;
    this.#page.drawer(false);
  }

  // What the room is about, or what its person is called in their own script.
  #drawTopic({ name, topic, mode, people }) {
    const person = people?.get(this.#page.chat.partner(name).toLowerCase());
    const about = mode && mode !== "open" ? [`(${mode})`, topic] : [topic];
    const text = name.startsWith("@") ? person?.realname : about.filter(Boolean).join(" ");
    $("topic").replaceChildren(...textNodes(text ?? ""));
  }

  #drawPeople() {
    $("people-button").textContent = count(this.#page.room.members, "person").replace("persons", "people");
    if ($("people").hidden) return;
    this.#page.panels.drawPeople(this.#page, $("people"));
  }

  #drawDown() {
    const { unread, log } = this.#page.room;
    $("down").hidden = this.#page.view.follows && log.isLive;
    $("down").textContent = unread ? `${unread} new ↓` : "↓";
    $("down").setAttribute(
      "aria-label",
      unread ? `${count(unread, "new message")}: to the end` : "To the newest message",
    );
  }
}
