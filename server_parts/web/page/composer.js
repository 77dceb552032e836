// What this person writes: the field and its drafts, what the text is about, and texts on their way.
//
// It is made as soon as the conversation is on the screen.

import { Attaching } from "./attach.js";
import { complete, matching, run } from "./commands.js";
import { press } from "./keys.js";
import { isBare } from "./log.js";
import { $, asSentence, el, textNodes } from "./view.js";

const GOES = /^\/(join|msg|leave)(\s|$)/i; // what is typed behind such a line is for another room

export class Composer {
  #page;
  #chat;
  #about = null; // what the text that is typed is about: {reply: item} or {edit: item}

  constructor(page) {
    this.#page = page;
    this.#chat = page.chat;
    $("composer").onsubmit = (event) => (event.preventDefault(), this.submit());
    $("input").oninput = () => this.typed();
    $("input").onkeydown = (event) => this.#inputKey(event);
    document.onkeydown = (event) => press(page, this, event);
    $("context").lastElementChild.onclick = () => this.giveUp();
    this.files = new Attaching(page);
  }

  // Whether the text was about another one, which it is not any more.
  giveUp() {
    if (!this.#about) return false;
    this.about(null);
    this.type("");
    return true;
  }

  type(text) {
    const input = $("input");
    input.value = text;
    input.focus();
    this.typed();
  }

  typed() {
    const input = $("input");
    if (!CSS.supports("field-sizing", "content")) {
      input.style.height = "auto";
      input.style.height = `${input.scrollHeight}px`;
    }
    this.#page.completion = null;
    this.#keep(input.dataset.room, this.#about?.edit ? null : input.value || null);
    this.#offer();
  }

  get #drafts() {
    return `drafts:${this.#chat.me.name.toLowerCase()}`;
  }

  #keep(room, text) {
    if (room) this.#page.kept.setEntrySoon(this.#drafts, room, text);
  }

  // What was typed behind a command that leads to this room belongs here, and so does what was typed before all this
  // was loaded.
  turnTo(room) {
    const input = $("input");
    const before = input.dataset.room;
    if (before === room) return;
    const early = this.#going || !before ? input.value : "";
    if (early) this.#keep(before, null);
    this.about(null);
    input.dataset.room = room;
    const draft = this.#page.kept.entry(this.#drafts, room);
    input.value = [draft === early ? null : draft, early].filter(Boolean).join("\n");
    this.typed();
  }

  // The commands that begin like what is typed.
  #offer() {
    const text = $("input").value;
    const rows = /^\/\w*$/.test(text) ? matching(text.slice(1)) : [];
    $("offers").hidden = !rows.length;
    $("offers").replaceChildren(...rows.map(([usage, help]) => el("li", {}, el("code", {}, usage), ` ${help}`)));
  }

  // Answer or correct a message with what is typed next; with null, neither.
  about(about) {
    this.#about = about;
    const item = about?.reply ?? about?.edit;
    $("context").hidden = !about;
    $("context").firstElementChild.textContent = about?.edit
      ? "Correct your message"
      : item
        ? `Answer ${item.from}: ${item.text.slice(0, 80)}`
        : "";
    if (about?.edit) this.type(isBare(item) ? "" : item.text);
    else if (about) $("input").focus();
  }

  submit() {
    const { value } = $("input");
    const { reply, edit } = this.#about ?? {};
    const about = reply ? { reply: reply.id } : edit ? { edit: edit.id } : undefined;
    const isSent = !edit && this.files.submit(value.trim(), about);
    if (!isSent && !value.trim()) return;
    this.about(null);
    this.type("");
    this.#page.kept.flush();
    if (!isSent) this.carryOut(value, about);
  }

  // Say a line, or do what it says, after those before it.
  carryOut(value, about) {
    if (!value.trim()) return;
    const isCommand = /^\/[^/]/.test(value) && !/^\/me\s/.test(value);
    const isGoing = GOES.test(value);
    if (isGoing) this.#going += 1;
    const text = value.startsWith("//") ? value.slice(1) : value;
    const act = isCommand ? () => run(this.#page, value) : () => this.#page.say(text, about);
    this.#busy = this.#busy
      .then(act)
      .catch((error) => (console.error(error), this.giveBack(value)))
      .finally(() => (this.#going -= isGoing ? 1 : 0));
  }

  // A line that could not be carried out; what was typed behind it stays.
  giveBack(line) {
    this.type([line, $("input").value].filter(Boolean).join("\n"));
  }

  #going = 0; // lines under way that lead to another room
  #busy = Promise.resolve(); // lines are carried out in the order in which they were typed

  #editLast() {
    const mine = this.#chat.isSaying() ? null : this.#chat.lastSaid({ isOwn: true });
    if (mine && this.#page.can("entries")) this.about({ edit: mine });
  }

  #inputKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) this.submit();
    else if (event.key === "Tab" && !event.shiftKey && $("input").value)
      complete(this.#page, $("input"));
    else if (event.key === "ArrowUp" && !$("input").value && !event.altKey) this.#editLast();
    else return;
    event.preventDefault();
  }

  drawPending() {
    this.files.draw();
    const room = this.#chat.wireTo(this.#chat.current);
    const waiting = this.#chat.outbox
      .texts()
      .filter((say) => say.room === room && say.react === undefined && say.delete === undefined);
    const failed = this.#chat.outbox.failed.filter((say) => say.room === room);
    const label = (say) => (say.edit ? "✎ " : say.shown ? `📎 ${say.shown} ` : "");
    const row = (say, ...more) =>
      el(
        "div",
        { class: "row" },
        el("div", { class: "text", dir: "auto" }, label(say), ...textNodes(say.text), ...more),
      );
    const give = (say, then = () => {}) => {
      this.#chat.outbox.failed.splice(this.#chat.outbox.failed.indexOf(say), 1);
      then();
      this.#page.draw("pending");
    };
    const refused = (say) => {
      const { room, text, file, shown, reply } = say;
      const again = () => this.#chat.outbox.add(room, text, { file, shown, reply });
      const buttons = [
        file
          ? el("button", { onclick: () => give(say, again) }, "Try again")
          : el("button", { onclick: () => give(say, () => this.giveBack(text)) }, "Edit"),
        el("button", { onclick: () => give(say) }, "Dismiss"),
      ];
      const node = row(say, el("small", {}, asSentence(`Not delivered: ${say.why}`), ...buttons));
      node.classList.add("failed");
      return node;
    };
    $("pending").replaceChildren(
      ...failed.map(refused),
      ...waiting.slice(0, 50).map((say) => row(say, el("span", { class: "tick", title: "On its way" }, " …"))),
    );
  }
}
