// The page: it puts the conversation and the document together, and draws once a frame what has changed.

import { Kept, Link, Session, persist } from "./link.js";
import { Chat } from "./rooms.js";
import { LogView, asSentence, count, drawIcon, el, initial, localTimes, textNodes } from "./view.js";

const OFFLINE = 5000; // before a lost connection is told
const $ = (id) => document.getElementById(id);
const kept = new Kept();
// What is needed more rarely is loaded later; under another address when that failed, as browsers remember a failure.
const later = (file) => {
  let loading = null;
  return () =>
    (loading ??= persist((mark) => import(`${file}${mark}`)).catch(
      () => ((loading = null), Promise.reject(new Error(file))),
    ));
};
const panels = later("./panels.js");
const commands = later("./commands.js");
const post = (path) => persist(() => fetch(path, { method: "POST" })).catch(() => null);

class Page {
  chat;
  link;
  kept = kept;
  #about = null; // what the text that is typed is about: {reply: item} or {edit: item}
  #session = new Session();
  completion = null; // what Tab offers for the word at hand
  #dirty = new Set();
  #news = []; // what the announcer has not told
  #offline = 0;
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
      (way) => this.chat[way](this.room),
    );
    addEventListener("unhandledrejection", (event) => this.#missed(event.reason, event.preventDefault()));
    $("place").textContent = $("login-place").textContent = location.host;
    drawIcon(false);
    this.#listen();
    const linked = this.#linked();
    if (linked) return this.#comeIn(linked.name, { password: linked.code });
    if (!kept.get("name")) return this.#askWho();
    this.chat.begin(kept.get("name"));
    this.#enter();
    this.link.connect();
  }

  // A part of the page could not be loaded; anything else is a fault of the page's own.
  #missed(error) {
    if (/\.js$/.test(error?.message)) this.notice("The server does not answer; try again when the connection is back.");
    else console.error(error);
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
    if (!isIn && frame.type === "error") return this.#askWho(frame);
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
    const wanted = decodeURIComponent(location.hash.slice(1)) || this.chat.lastOpen || "lobby";
    this.chat.open(/^[a-z0-9_.-]{1,64}$/.test(wanted) || this.chat.rooms.has(wanted) ? wanted : "lobby");
    if (matchMedia("(pointer: fine)").matches) $("input").focus();
    this.draw("room");
    requestIdleCallback?.(() => Promise.all([panels(), commands()]).catch(() => {}));
  }

  #askWho(refusal) {
    this.link.state === "new" || refusal || this.link.end();
    $("app").hidden = true;
    $("login").hidden = false;
    $("login-name").value = kept.get("name") ?? "";
    $("login-problem").hidden = !refusal;
    $("login-problem").textContent = refusal ? asSentence(refusal.text) : "";
    if (refusal?.code === "invite_needed") $("login-invite-row").hidden = false;
    $(["name_taken", "password_wrong"].includes(refusal?.code) ? "login-password" : "login-name").focus();
    this.secrets = {};
  }

  #submitName(event) {
    event.preventDefault();
    const [password, invite] = [$("login-password").value, $("login-invite").value.trim()];
    $("login-password").value = "";
    this.#comeIn($("login-name").value.trim(), { ...(password && { password }), ...(invite && { invite }) });
  }

  async #comeIn(name, secrets) {
    kept.set("name", name);
    this.secrets = secrets;
    const answer = await post("/session");
    if (answer?.ok) this.link.greet();
    else this.#askWho({ text: answer ? await answer.text() : "the server does not answer" });
  }

  // A link that was made for this person's browser has their name and a code that is good once.
  #linked() {
    const [, name, code] = /^#([\w.-]+)\/([\w-]+)$/.exec(location.hash) ?? [];
    if (code) history.replaceState(null, "", location.pathname);
    return code ? { name, code } : null;
  }

  #leaves = false; // this person is logging out here

  async logOut() {
    this.#leaves = true;
    const answer = await post(`/logout?name=${encodeURIComponent(this.chat.me.name)}`);
    this.#leaves = Boolean(answer?.ok);
    if (!answer?.ok) return this.notice(answer ? await answer.text() : "The server does not answer.");
    this.#forgetMe();
  }

  #forgetMe() {
    kept.clear();
    location.reload();
  }

  #farewell(frame) {
    if (frame.retry) return;
    this.link.end();
    if (this.#leaves) return;
    if (frame.code === "forgotten") this.#forgetMe();
    else if (frame.code === "replaced") this.#banner("This conversation was continued in another tab.");
    else this.#askWho(frame);
  }

  #linkChanged(state) {
    clearTimeout(this.#offline);
    if (state === "online") return this.#banner("");
    this.chat.disconnected();
    const text = "Offline. What you write is kept, and sent when the connection is back.";
    if (state !== "ended") this.#offline = setTimeout(() => this.#banner(text), OFFLINE);
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
    this.draw(what);
  }

  #refused(frame) {
    if (frame.code === "sure_needed") panels().then((all) => all.confirm(this, frame.text));
    else this.notice(asSentence(frame.text));
  }

  #looking = 0;

  // Many may come at once: their colours are asked for together.
  #lookAround() {
    clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.room && this.chat.askWho(this.chat.current), 1000);
  }

  #attends() {
    return document.visibilityState === "visible" && document.hasFocus() && this.view.follows;
  }

  #hear(frame) {
    const isHere = frame.room === this.chat.current;
    if (isHere && !this.#attends() && this.room.mark === null) this.room.mark = frame.id - 1;
    if (isHere) this.#announce(frame);
    if (!document.hasFocus() || !isHere) this.#alert(frame);
    this.draw("rooms");
    if (document.hidden) this.#drawTitle();
  }

  // A screen reader hears what is new in this room; of many at once, how many.
  #announce(frame) {
    if (this.#news.push(`${frame.from}: ${frame.text}`) > 1) return;
    setTimeout(() => {
      const news = this.#news.splice(0);
      $("announcer").textContent = news.length > 3 ? `${news.length} new messages` : news.join(". ");
    }, 800);
  }

  #alert(frame) {
    const bell = kept.get("bell", "mentions");
    const isForMe = this.chat.isForMe(frame);
    if (bell === "on" || (bell === "mentions" && isForMe)) panels().then((all) => all.ring());
    if (isForMe && kept.get("notify") && window.Notification?.permission === "granted")
      new Notification(frame.from, { body: frame.text.slice(0, 200), tag: frame.room }).onclick = () =>
        this.#turnTo(frame.room);
  }

  #turnTo(room) {
    window.focus();
    this.chat.open(room);
  }

  // Say something once, beside the conversation.
  notice(text) {
    const node = el("p", {}, ...textNodes(localTimes(text)));
    const close = el("button", { class: "icon", "aria-label": "Close", onclick: () => node.remove() }, "✕");
    node.append(close);
    $("notices").append(node);
    while ($("notices").children.length > 4) $("notices").firstChild.remove();
    setTimeout(() => node.remove(), 6000 + text.length * 60);
  }

  // --- Drawing ---

  draw(what) {
    if (!this.#dirty.size) requestAnimationFrame(() => this.#frame());
    this.#dirty.add(what);
  }

  #frame() {
    const dirty = this.#dirty;
    this.#dirty = new Set();
    if (!this.room) return this.#drawRooms();
    if (dirty.has("room")) this.#drawRoom();
    if (dirty.has("room") || dirty.has("pending")) this.#drawPending();
    const isChanged = ["room", "log", "me", "pending", "anew", "scroll"].some((one) => dirty.has(one));
    if (isChanged && this.view.sync(this.room, dirty.has("anew"))) this.draw("scroll");
    if (this.#attends()) this.chat.read(this.chat.current);
    if (["room", "people", "me"].some((one) => dirty.has(one))) this.#drawPeople();
    this.#drawRooms();
    this.#drawTitle();
    this.#drawDown();
  }

  #drawRoom() {
    const { name, topic, mode } = this.room;
    const isPrivate = name.startsWith("@");
    const title = this.chat.title(name);
    $("room-name").textContent = isPrivate ? title : `# ${title}`;
    $("topic").replaceChildren(
      ...textNodes([mode && mode !== "open" ? `(${mode})` : "", topic ?? ""].filter(Boolean).join(" ")),
    );
    $("input").placeholder = `Message ${isPrivate ? title : `#${title}`}`;
    if ($("input").dataset.room !== name) this.#putDraft(name);
    $("people-button").hidden = $("room-menu").hidden = isPrivate;
    if (isPrivate) $("people").hidden = true;
    this.drawer(false);
  }

  #drawRooms() {
    const all = [...this.chat.rooms.values()];
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
      title("Rooms", "Join a room", () => panels().then((sheet) => sheet.directory(this))),
      ...open.map((room) => this.#roomButton(room)),
      title("People", "Write to somebody", () => panels().then((sheet) => sheet.someone(this))),
      ...closed.map((room) => this.#roomButton(room)),
    );
    if (focused)
      $("room-list")
        .querySelector(`[data-room="${CSS.escape(focused)}"]`)
        ?.focus();
    const { name, away } = this.chat.me;
    $("me").replaceChildren(
      el("span", { class: away ? "dot away" : "dot" }),
      el("span", {}, name, away ? el("small", {}, ` ${away}`) : null),
    );
    $("me").setAttribute("aria-label", `${name}: settings`);
  }

  #roomButton(room) {
    const { name, unread, mentions } = room;
    const isHere = name === this.chat.current;
    const number = mentions || unread;
    const kinds = ["room", isHere && "here", unread && "unread", mentions && "mentioned"].filter(Boolean).join(" ");
    const spoken = number ? `, ${mentions ? count(mentions, "mention") : `${unread} unread`}` : "";
    const sign = name.startsWith("@")
      ? el("i", { class: "face", "aria-hidden": "true" }, initial(this.chat.title(name)))
      : el("i", { "aria-hidden": "true" }, "#");
    const label = `${this.chat.title(name)}${spoken}`;
    return el(
      "button",
      {
        class: kinds,
        "data-room": name,
        "aria-current": isHere ? "page" : null,
        "aria-label": label,
        onclick: () => this.chat.open(name),
      },
      sign,
      el("span", {}, this.chat.title(name)),
      number ? el("b", {}, String(Math.min(number, 999))) : null,
    );
  }

  #drawPeople() {
    $("people-button").textContent = count(this.room.members, "person").replace("persons", "people");
    if ($("people").hidden) return;
    panels().then((sheet) => sheet.drawPeople(this, $("people")));
  }

  #drawPending() {
    const room = this.chat.wireTo(this.chat.current);
    const waiting = this.chat.outgoing
      .texts()
      .filter((say) => say.room === room && say.react === undefined && say.delete === undefined);
    const failed = this.chat.failed.filter((say) => say.room === room);
    const row = (say, ...more) =>
      el(
        "div",
        { class: "row" },
        el("div", { class: "text", dir: "auto" }, say.edit ? "✎ " : "", ...textNodes(say.text), ...more),
      );
    const give = (say, isBack) => {
      this.chat.failed.splice(this.chat.failed.indexOf(say), 1);
      if (isBack) this.type(say.text);
      this.draw("pending");
    };
    const refused = (say) => {
      const buttons = [
        el("button", { onclick: () => give(say, true) }, "Edit"),
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

  #drawDown() {
    const { unread, log } = this.room;
    const isShown = !this.view.follows || !log.isLive;
    $("down").hidden = !isShown;
    $("down").textContent = unread ? `${unread} new ↓` : "↓";
    $("down").setAttribute(
      "aria-label",
      unread ? `${count(unread, "new message")}: to the end` : "To the newest message",
    );
  }

  #drawTitle() {
    const all = [...this.chat.rooms.values()];
    const sum = (what) => all.reduce((number, room) => number + room[what], 0);
    const [forMe, unread] = [sum("mentions"), sum("unread")];
    const here = this.chat.current ? this.chat.title(this.chat.current) : "Chat";
    document.title = `${forMe ? `(${forMe}) ` : unread ? "• " : ""}${here} – Chat`;
    if (this.#badge !== Boolean(forMe)) drawIcon(Boolean(forMe));
    this.#badge = Boolean(forMe);
  }

  #badge = false;

  // --- Writing ---

  type(text) {
    const input = $("input");
    input.value = text;
    input.focus();
    this.#typed();
  }

  #typed() {
    const input = $("input");
    if (!CSS.supports("field-sizing", "content")) {
      input.style.height = "auto";
      input.style.height = `${input.scrollHeight}px`;
    }
    this.completion = null;
    const drafts = {
      ...kept.get(this.#drafts),
      [input.dataset.room]: this.#about?.edit ? undefined : input.value || undefined,
    };
    kept.setSoon(this.#drafts, drafts);
    this.#offer();
  }

  get #drafts() {
    return `drafts:${this.chat.me.name.toLowerCase()}`;
  }

  #putDraft(room) {
    this.about(null);
    $("input").dataset.room = room;
    $("input").value = kept.get(this.#drafts)?.[room] ?? "";
    this.#typed();
  }

  // The commands that begin like what is typed.
  async #offer() {
    const text = $("input").value;
    const rows = /^\/\w*$/.test(text) ? (await commands()).matching(text.slice(1)) : [];
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
    if (about?.edit) this.type(item.text);
    else if (about) $("input").focus();
  }

  #submit() {
    const { value } = $("input");
    if (!value.trim()) return;
    const about = this.#about?.reply
      ? { reply: this.#about.reply.id }
      : this.#about?.edit
        ? { edit: this.#about.edit.id }
        : undefined;
    this.about(null);
    this.type("");
    kept.flush();
    const isCommand = /^\/[^/]/.test(value) && !/^\/me\s/.test(value);
    const text = value.startsWith("//") ? value.slice(1) : value;
    const act = isCommand ? async () => (await commands()).run(this, value) : () => this.say(text, about);
    this.#busy = this.#busy.then(act).catch((error) => (this.#missed(error), this.type(value)));
  }

  #busy = Promise.resolve(); // lines are carried out in the order in which they were typed

  say(text, about) {
    if (!this.room) return;
    this.room.mark = null;
    if (!this.room.log.isLive) this.chat.toEnd(this.room);
    this.view.follows = true;
    this.chat.say(this.chat.current, text, about);
  }

  #editLast() {
    const mine = this.room.log.items.findLast((item) => item.id && this.chat.isMe(item.from) && !item.deleted);
    if (mine && this.can("entries")) this.about({ edit: mine });
  }

  // --- Clicks and keys ---

  act(verb, item, more) {
    if (verb === "jump") return this.jump(item.reply);
    if (verb === "react") return this.chat.say(this.chat.current, more, { react: item.id });
    return panels().then((sheet) => sheet[verb](this, item));
  }

  async jump(id) {
    if (!(await this.chat.jump(this.room, id))) return this.notice("That message is not kept any more.");
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
    await this.chat.toEnd(this.room);
    this.view.toEnd();
    this.draw("scroll");
  }

  #listen() {
    const input = $("input");
    $("login-form").onsubmit = (event) => this.#submitName(event);
    $("composer").onsubmit = (event) => (event.preventDefault(), this.#submit());
    input.oninput = () => this.#typed();
    input.onkeydown = (event) => this.#inputKey(event);
    $("context").lastElementChild.onclick = () => (this.about(null), this.type(""));
    $("log").onscroll = () => {
      if (this.view.scrolled()) this.draw("scroll");
      else this.draw("down");
    };
    $("down").onclick = () => this.toEnd();
    $("menu").onclick = () => this.drawer(!document.body.classList.contains("drawer"));
    $("veil").onclick = () => this.drawer(false);
    $("find").onclick = () => panels().then((sheet) => sheet.search(this));
    $("me").onclick = () => panels().then((sheet) => sheet.settings(this));
    $("room-menu").onclick = () => panels().then((sheet) => sheet.about(this));
    $("people-button").onclick = () => this.#showPeople($("people").hidden);
    for (const event of ["pointerover", "focusin", "click"])
      $("log").addEventListener(event, ({ target }) => this.#reach(target));
    document.onkeydown = (event) => this.#key(event);
    for (const name of ["online", "pageshow", "focus"]) addEventListener(name, () => this.#awake());
    document.addEventListener("visibilitychange", () => (document.hidden ? kept.flush() : this.#awake()));
    addEventListener("hashchange", () => location.hash.includes("/") && location.reload());
    document.querySelector(".skip").onclick = (event) => (event.preventDefault(), input.focus());
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
    if (item && !item.deleted) panels().then((sheet) => sheet.tools(this, item, article));
  }

  #inputKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) this.#submit();
    else if (event.key === "Tab" && !event.shiftKey && $("input").value)
      commands().then((all) => all.complete(this, $("input")));
    else if (event.key === "ArrowUp" && !$("input").value && !event.altKey) this.#editLast();
    else return;
    event.preventDefault();
  }

  #key(event) {
    const isTyping = event.target.matches?.("input, textarea, select");
    const isOpen = document.querySelector("dialog[open]");
    if (isOpen || event.isComposing || $("app").hidden) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "k") panels().then((sheet) => sheet.switcher(this));
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown"))
      this.#step(event.key === "ArrowUp" ? -1 : 1);
    else if (event.key === "Escape") this.#escape();
    else if (event.key === "?" && !isTyping) panels().then((sheet) => sheet.help(this));
    else if ($("log").contains(event.target) && ["ArrowUp", "ArrowDown"].includes(event.key)) this.#walk(event);
    else {
      const isText = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ";
      if (isText && !isTyping && !event.target.matches?.("button")) $("input").focus();
      return;
    }
    event.preventDefault();
  }

  // From message to message with the arrow keys.
  #walk(event) {
    const here = event.target.closest("article");
    const all = [...$("rows").querySelectorAll("article:not(.hidden)")];
    const next = here ? all[all.indexOf(here) + (event.key === "ArrowUp" ? -1 : 1)] : all.at(-1);
    next?.focus();
  }

  #step(by) {
    const all = [...$("room-list").querySelectorAll("[data-room]")].map((one) => one.dataset.room);
    const next = all[(all.indexOf(this.chat.current) + by + all.length) % all.length];
    if (next) this.chat.open(next);
  }

  #escape() {
    if (document.body.classList.contains("drawer")) return this.drawer(false);
    if (this.#about) return (this.about(null), this.type(""));
    if (!this.room) return;
    this.room.mark = null;
    this.chat.read(this.chat.current);
    this.toEnd();
    $("input").focus();
  }
}

new Page().start();
