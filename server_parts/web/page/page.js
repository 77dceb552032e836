// The page: it puts the conversation, the connection and the document together, and hears what a person does.

import * as alerts from "./alerts.js";
import { Composer } from "./composer.js";
import { Drawing } from "./drawing.js";
import { Kept, Link, Session } from "./link.js";
import * as login from "./login.js";
import * as panels from "./panels.js";
import { Chat } from "./rooms.js";
import { drawTitle } from "./side.js";
import { $, LogView, asSentence, el, localTimes, textNodes } from "./view.js";

const OFFLINE = 5000; // before a lost connection is told
const kept = new Kept();
const { early } = window; // what was done before this was loaded
early.isHeard = true;

class Page {
  chat;
  link;
  kept = kept;
  panels = panels; // for those modules that panels.js imports
  composer = null; // once the conversation is on the screen
  #session = new Session();
  completion = null; // what Tab offers for the word at hand
  #drawing = new Drawing(this);
  #offline; // the timer since the connection was lost, however often it has been tried since
  #admitted = false; // the conversation is on the screen
  #greeted = false; // the server has let this person in

  async start() {
    await this.#session.find(kept).catch(() => {}); // where the browser keeps nothing, each page is a new one
    const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/chat`;
    this.chat = new Chat(
      this.#session,
      kept,
      () => this.link,
      (what, about) => this.#told(what, about),
    );
    this.link = new Link(url, {
      hello: () => this.#hello(),
      take: (frame) => this.#take(frame),
      changed: (state) => this.#linkChanged(state),
    });
    this.view = new LogView(
      $("log"),
      $("rows"),
      this.chat,
      (...act) => this.act(...act),
      (way) => this.chat.past[way](this.room),
    );
    this.#listen();
    if (this.#isOffered()) return;
    if (!kept.get("name")) return (this.askWho(), early.isComingIn && $("login-form").requestSubmit());
    this.chat.begin(kept.get("name"));
    this.#enter();
    this.link.connect();
  }

  get room() {
    return this.chat.rooms.get(this.chat.current);
  }

  can(feature) {
    return this.chat.features.includes(feature);
  }

  // --- Coming in, and the connection ---

  // The token that proves the name is in a cookie, which no script can read.
  #hello() {
    return this.chat.hello(kept.get("name"), { cookie: true, ...this.secrets });
  }

  secrets = {}; // a password, a code or an invitation: for one hello, and kept nowhere

  #take(frame) {
    const isIn = this.link.state === "online";
    if (frame.type === "bye") return this.#farewell(frame);
    if (!isIn && frame.code === "session_taken") return (this.#session.renew(), this.link.greet());
    if (!isIn && frame.type === "error") return this.askWho(frame);
    if (frame.type === "welcome") {
      this.secrets = {};
      kept.set("name", frame.name);
      this.link.welcomed();
    }
    try {
      this.chat.take(frame);
    } catch (error) {
      console.error(error);
    }
    if (frame.type !== "welcome") return;
    if (!this.#greeted && frame.motd) this.notice(frame.motd);
    if (!this.#greeted && isSecureContext)
      document.head.append(el("link", { rel: "manifest", href: "manifest.webmanifest" })); // only there it can be installed
    this.#greeted = true;
    this.#enter();
  }

  #enter() {
    $("login").hidden = true;
    $("app").hidden = false;
    if (this.#admitted) return;
    this.#admitted = true;
    const wanted = location.hash.slice(1) || this.chat.lastOpen || "lobby"; // rooms have no sign that is written otherwise
    this.chat.open(/^[a-z0-9_.-]{1,64}$/.test(wanted) || this.chat.rooms.has(wanted) ? wanted : "lobby");
    this.composer = new Composer(this);
    this.composer.turnTo(this.chat.current);
    for (const line of early.lines) this.composer.carryOut(line);
    if (matchMedia("(pointer: fine)").matches) $("input").focus();
    this.draw("room");
  }

  askWho(refusal) {
    this.link.state === "new" || refusal || this.link.end();
    $("app").hidden = true;
    $("login").hidden = false;
    $("login-name").value ||= kept.get("name") ?? "";
    $("login-problem").hidden = !refusal;
    $("login-problem").textContent = refusal ? asSentence(refusal.text) : "";
    if (refusal?.code === "invite_needed") $("login-invite-row").hidden = false;
    $(["name_taken", "password_wrong"].includes(refusal?.code) ? "login-password" : "login-name").focus();
    this.secrets = {};
  }

  // A link has a name and a code that is good once. Somebody else may have sent it, to have in their account what is
  // written here: so the person decides.
  #isOffered() {
    const [, name, code] = /^#([\w.-]+)\/([\w-]+)$/.exec(location.hash) ?? [];
    if (!code) return false;
    history.replaceState(null, "", location.pathname);
    this.askWho({ text: `this link opens the chat as ${name}: come in only if you made it yourself` });
    [$("login-name").value, $("login-password").value] = [name, code];
    return $("login-button").focus() ?? true;
  }

  isLeaving = false; // this person is logging out here

  forgetMe() {
    kept.clear();
    location.reload();
  }

  #farewell(frame) {
    if (frame.retry) return;
    this.link.end();
    if (this.isLeaving) return;
    if (frame.code === "forgotten") this.forgetMe();
    else if (frame.code === "replaced") this.#banner("This conversation was continued in another tab.");
    else this.askWho(frame);
  }

  #linkChanged(state) {
    if (state === "online" || state === "ended") this.#offline = clearTimeout(this.#offline);
    if (state === "online") this.composer?.files.wake();
    if (state === "online") return this.#banner("");
    this.chat.disconnected();
    const text = "Offline. What you write is kept, and sent when the connection is back.";
    if (state !== "ended") this.#offline ??= setTimeout(() => this.#banner(text), OFFLINE);
    this.draw("pending");
  }

  #banner(text) {
    $("banner").hidden = !text;
    $("banner").textContent = text;
  }

  // --- What the conversation tells ---

  #told(what, about) {
    if (what === "notice") return this.notice(about);
    if (what === "me" && this.#admitted) kept.set("name", this.chat.me.name);
    if (what === "refused") return this.#refused(about);
    if (what === "news") return this.#hear(about);
    if (what === "strangers") return this.#lookAround();
    if (what === "log" && about) this.draw("anew");
    if (what === "room" && this.room) this.composer?.turnTo(this.chat.current); // at once: the next key is for that room
    this.draw(what);
  }

  #refused(frame) {
    if (frame.code === "sure_needed") panels.confirm(this, frame.text);
    else this.notice(asSentence(frame.text));
  }

  #looking = 0;

  // Many may come at once: their colours are asked for together.
  #lookAround() {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.room && this.chat.askWho(this.chat.current), 1000);
  }

  attends() {
    return document.visibilityState === "visible" && document.hasFocus() && this.view.follows;
  }

  #hear(frame) {
    const isHere = frame.room === this.chat.current;
    if (isHere && !this.attends() && this.room.mark === null) this.room.mark = frame.id - 1;
    if (isHere) alerts.announce(frame);
    if (!document.hasFocus() || !isHere) alerts.alert(this, frame);
    this.draw("rooms");
    if (document.hidden) drawTitle(this);
  }

  // Say something for a while, beside the conversation; the same sentence is shown once.
  notice(text) {
    for (const one of [...$("notices").children]) if (one.dataset.text === text) one.remove();
    const node = el("p", { "data-text": text }, ...textNodes(localTimes(text)));
    const close = el("button", { class: "icon", "aria-label": "Close", onclick: () => node.remove() }, "✕");
    node.append(close);
    $("notices").append(node);
    while ($("notices").children.length > 4) $("notices").firstChild.remove();
    setTimeout(() => node.remove(), 6000 + text.length * 60);
  }

  draw(what) {
    this.#drawing.draw(what);
  }

  // --- Clicks and keys ---

  about(about) {
    this.composer.about(about);
  }

  say(text, about) {
    if (!this.room) return;
    this.room.mark = null;
    if (!this.room.log.isLive) this.chat.past.toEnd(this.room);
    this.view.follows = true;
    this.chat.say(this.chat.current, text, about);
  }

  act(verb, item, more) {
    if (verb === "jump") return this.jump(item.reply);
    if (verb === "react") return this.chat.say(this.chat.current, more, { react: item.id });
    return panels[verb](this, item);
  }

  async jump(id) {
    if (!(await this.chat.past.jump(this.room, id))) return this.notice("That message is not kept any more.");
    this.view.sync(this.room);
    this.view.show(id);
    this.draw("scroll");
  }

  drawer(open) {
    document.body.classList.toggle("drawer", open);
    $("menu").setAttribute("aria-expanded", String(open));
    $("veil").hidden = !open;
    if (open) $("room-list").querySelector("[aria-current]")?.focus();
  }

  async toEnd() {
    await this.chat.past.toEnd(this.room);
    this.view.toEnd();
    this.draw("scroll");
  }

  #listen() {
    $("login-form").onsubmit = (event) => (event.preventDefault(), login.submit(this));
    $("log").onscroll = () => {
      if (this.view.scrolled()) this.draw("scroll");
      else this.draw("down");
    };
    $("down").onclick = () => this.toEnd();
    $("menu").onclick = () => this.drawer(!document.body.classList.contains("drawer"));
    $("veil").onclick = () => this.drawer(false);
    $("find").onclick = () => panels.search(this);
    $("me").onclick = () => panels.settings(this);
    $("room-menu").onclick = () => panels.about(this);
    $("people-button").onclick = () => this.#showPeople($("people").hidden);
    for (const event of ["pointerover", "focusin", "click"])
      $("log").addEventListener(event, ({ target }) => this.#reach(target));
    for (const name of ["online", "pageshow", "focus"]) addEventListener(name, () => this.#awake());
    document.addEventListener("visibilitychange", () => (document.hidden ? kept.flush() : this.#awake()));
    addEventListener("hashchange", () => location.hash.includes("/") && location.reload());
    document.querySelector(".skip").onclick = (event) => (event.preventDefault(), $("input").focus());
    addEventListener("pagehide", () => kept.flush());
    new ResizeObserver(() => this.view.follows && this.view.toEnd()).observe($("log"));
  }

  #awake() {
    this.link.wake();
    if (this.room) this.draw("scroll");
  }

  #showPeople(open) {
    $("people").hidden = !open;
    $("people-button").setAttribute("aria-expanded", String(open));
    if (open) this.chat.askWho(this.chat.current);
    this.draw("people");
  }

  // The buttons of the message under the pointer, or of the one that has the focus.
  #reach(target) {
    const article = target.closest?.("article");
    if (!article || article.querySelector(".tools") || !this.link) return;
    const item = this.view.itemOf(article);
    if (item && !item.deleted) panels.tools(this, item, article);
  }
}

new Page().start();
