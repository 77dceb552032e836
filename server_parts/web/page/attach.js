// Files that this person sends: chosen, dropped or pasted, shown before they are sent, and then how far they are.

import { canPreview, problem, units } from "./files.js";
import * as stored from "./stored.js";
import { Uploads, patch } from "./uploads.js";
import { $, el } from "./view.js";

const LOST_FOLDER = "A folder cannot be sent: pack it into one file first.";

export class Attaching {
  #page;
  #chat;
  #chosen = new Map(); // room → files that wait for Send
  #previews = new Map(); // file → the address of its picture
  #rows = new Map(); // an upload → its elements
  #dropped = new Map(); // ids of cancelled files of which the server does not know yet → their refs
  #uploads;

  constructor(page) {
    this.#page = page;
    this.#chat = page.chat;
    this.#uploads = new Uploads({
      ask: (request) => this.#ask(request),
      patch,
      drop: (item) => this.#drop(item),
      say: ({ room, text, about, id, name }) => this.#chat.say(room, text, { ...about, file: id, shown: name }),
      keep: (items) => page.kept.set(this.#key, items.length ? items.map((one) => this.#record(one)) : null),
      forget: ({ ref }) => stored.forget(ref),
      changed: (item) => this.#drawUpload(item),
    });
    $("attach").onclick = () => $("pick").click();
    $("pick").onchange = () => (this.choose([...$("pick").files]), ($("pick").value = ""));
    this.#listen();
    this.#restore();
  }

  #ask(request) {
    return this.#chat.ask(request, "upload", (one) => one.ref === request.ref);
  }

  // Without a connection, as soon as there is one.
  async #drop({ ref, id }) {
    this.#dropped.set(id, ref);
    if (await this.#ask({ type: "upload", ref, id, cancel: true })) this.#dropped.delete(id);
  }

  get #key() {
    return `uploads:${this.#chat.session.id}`;
  }

  // --- Choosing ---

  #listen() {
    const has = (event) => event.dataTransfer?.types.includes("Files");
    const over = (event) => {
      if (!has(event)) return;
      event.preventDefault();
      document.body.classList.toggle("dropping", Boolean(this.#limit) && !document.querySelector("dialog[open]"));
    };
    const leave = (event) => event.relatedTarget === null && document.body.classList.remove("dropping");
    const drop = (event) => {
      document.body.classList.remove("dropping");
      if (!has(event)) return;
      event.preventDefault();
      const isFolder = [...event.dataTransfer.items].some((one) => one.webkitGetAsEntry?.()?.isDirectory);
      if (isFolder) this.#page.notice(LOST_FOLDER);
      else if (!document.querySelector("dialog[open]")) this.choose([...event.dataTransfer.files]);
    };
    for (const [name, act] of Object.entries({ dragenter: over, dragover: over, dragleave: leave, drop }))
      document.addEventListener(name, act);
    $("input").addEventListener("paste", (event) => {
      const { files, types } = event.clipboardData;
      if (!files.length || types.includes("text/plain")) return; // spreadsheets copy a picture of their text, too
      event.preventDefault();
      this.choose([...files]);
    });
  }

  get #limit() {
    return this.#chat.limits?.file ?? null;
  }

  // What cannot be sent is told before anything is.
  choose(files) {
    const { room } = this.#page;
    if (!room) return;
    const good = files.filter((file) => {
      const why = problem(file, this.#limit);
      if (why) this.#page.notice(why);
      return !why;
    });
    this.#chosen.set(room.name, [...(this.#chosen.get(room.name) ?? []), ...good]);
    this.draw();
    $("input").focus();
  }

  // Put what was chosen for this room on its way, the text with the first. Returns whether there was something.
  submit(text, about) {
    const room = this.#chat.current;
    const files = this.#chosen.get(room) ?? [];
    if (!files.length) return false;
    this.#chosen.delete(room);
    for (const file of files) this.#forgetPreview(file);
    const items = this.#uploads.add(files, room, text, about);
    this.#page.kept.set("stored", true);
    for (const item of items) stored.keep(item.ref, item.file);
    this.draw();
    this.#page.toEnd();
    return true;
  }

  #remove(file) {
    const { name } = this.#page.room;
    this.#forgetPreview(file);
    this.#chosen.set(
      name,
      this.#chosen.get(name).filter((one) => one !== file),
    );
    this.draw();
    $("input").focus();
  }

  #forgetPreview(file) {
    URL.revokeObjectURL(this.#previews.get(file));
    this.#previews.delete(file);
  }

  // --- After a reload, and when the connection is back ---

  #record({ ref, batch, room, text, about, name, size, id }) {
    return { ref, batch, room, text, about, name, size, id, whose: this.#chat.me.name };
  }

  async #restore() {
    const { kept } = this.#page;
    const records = kept.get(this.#key, []);
    const said = this.#chat.outbox.texts().map((say) => say.file);
    const left = records.filter((one) => !(one.id && said.includes(one.id)) && one.whose === this.#chat.me.name);
    const items = await Promise.all(left.map(async (one) => ({ ...one, file: await stored.kept(one.ref) })));
    if (items.length) this.#uploads.restore(items);
    if (!kept.get("stored")) return;
    const refs = kept.all("uploads:").flatMap((list) => list.map((one) => one.ref));
    await stored.forgetAll(refs); // those of other tabs stay
    if (!refs.length) kept.set("stored", null);
  }

  wake() {
    for (const [id, ref] of this.#dropped) this.#drop({ ref, id });
    this.#uploads.wake();
  }

  // --- Drawing ---

  draw() {
    $("attach").hidden = !this.#limit;
    const files = this.#chosen.get(this.#chat.current) ?? [];
    $("tray").hidden = !files.length;
    $("tray").replaceChildren(...files.map((file) => this.#card(file)));
    $("uploads").replaceChildren(
      ...this.#uploads.items.filter((one) => one.room === this.#chat.current).map((one) => this.#row(one)),
    );
  }

  #card(file) {
    if (canPreview(file) && !this.#previews.has(file)) this.#previews.set(file, URL.createObjectURL(file));
    const src = this.#previews.get(file);
    const label = `Do not send ${file.name}`;
    return el(
      "li",
      {},
      src ? el("img", { src, alt: "" }) : el("i", { "aria-hidden": "true" }, suffix(file.name)),
      el("span", {}, el("bdi", {}, file.name), el("small", {}, units(file.size))),
      el(
        "button",
        { type: "button", class: "icon", title: label, "aria-label": label, onclick: () => this.#remove(file) },
        "✕",
      ),
    );
  }

  // The row of an upload is made once and then changed, so that a button in it keeps the focus.
  #row(item) {
    if (!this.#rows.has(item)) this.#rows.set(item, this.#made(item));
    const parts = this.#rows.get(item);
    update(item, parts);
    return parts.row;
  }

  #made(item) {
    const bar = el("progress", { max: item.size, "aria-label": `${item.name}: how much is sent` });
    const state = el("small", {});
    const again = el("button", { type: "button", onclick: () => this.#uploads.retry(item) }, "Try again");
    const stop = el("button", { type: "button", onclick: () => this.#cancel(item) }, "Cancel");
    const what = el("span", {}, el("bdi", {}, item.name), item.text && el("span", { dir: "auto" }, ` – ${item.text}`));
    const row = el("div", { class: "row upload" }, what, bar, el("div", {}, state, again, stop));
    return { row, bar, state, again, stop, pace: [] };
  }

  #cancel(item) {
    this.#uploads.cancel(item);
    $("input").focus();
  }

  #drawUpload(item) {
    if (!item) return;
    if (!this.#uploads.items.includes(item)) {
      this.#rows.delete(item);
      return this.#page.draw("pending");
    }
    if (item.state === "failed") this.#tell(item);
    if (this.#rows.has(item)) this.#row(item);
    else this.#page.draw("pending");
  }

  // Also to those who do not see the row: because they are in another room, or hear the page.
  #tell({ name, room, why }) {
    if (room === this.#chat.current) $("announcer").textContent = `${name}: ${why}`;
    else this.#page.notice(`${name}: ${why}`);
  }
}

function update(item, { row, bar, state, again, stop, pace }) {
  const hasFailed = item.state === "failed";
  row.classList.toggle("failed", hasFailed);
  bar.hidden = hasFailed;
  bar.value = item.sent;
  again.hidden = !hasFailed || !item.file;
  stop.textContent = hasFailed ? "Dismiss" : "Cancel";
  stop.setAttribute("aria-label", `${stop.textContent} ${item.name}`);
  state.textContent = told(item, pace);
}

const suffix = (name) => (/\.(\w{1,4})$/.exec(name)?.[1] ?? "file").toUpperCase();

function told(item, pace) {
  const done = `${units(item.sent)} of ${units(item.size)}`;
  if (item.state === "failed") return item.why;
  if (item.state === "waiting") return `${units(item.size)}, waits for those before it`;
  if (item.state === "paused") return `${done}; goes on when the connection is back`;
  return `${done}${left(item, pace)}`;
}

// How fast it goes, and how long it will take, by the last five seconds.
function left(item, pace) {
  const now = performance.now();
  pace.push([now, item.sent]);
  while (pace.length > 2 && now - pace[0][0] > 5000) pace.shift();
  const [begun, before] = pace[0];
  const speed = ((item.sent - before) * 1000) / (now - begun);
  if (now - begun < 800 || !(speed > 0)) return "";
  const seconds = Math.ceil((item.size - item.sent) / speed);
  const time = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `, ${units(Math.round(speed))}/s, ${time} left`;
}
