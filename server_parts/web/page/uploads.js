// Files on their way to the server: one after another of what was sent together, in slices, going on after a loss.
//
// It must not know the document. A file that is complete is said like a text; the server lets it be said once.

const SLICE = 4 * 1024 * 1024;
const AT_ONCE = 2; // of what was sent at different times; the server lets a person have three that are not said yet
const SHORTEST = 1000; // before it is tried again
const LONGEST = 15000;
const RETRIED = ["storage_unavailable", "internal"];
const REFUSED = [400, 403, 411, 413, 422, 507]; // another try would end in the same way, or needs a person

export class Uploads {
  // {ref, room, text, about, name, size, file, id, sent, state, why}: `state` is "waiting", "sending", "paused" (until
  // there is a connection) or "failed"; `id` is the server's, as soon as there is a place for it.
  items = [];
  #hands;
  #newest = 0;

  // `hands`: `ask(request)` asks the server, `patch(…)` sends bytes, `say(item)` says what is complete, `drop(item)` frees
  // its place on the server, `keep(items)` and `forget(item)` concern what outlives the page, and `changed(item)` hears of
  // what has.
  constructor(hands) {
    this.#hands = hands;
  }

  // Send files to a room, in this order. The first has the text.
  add(files, room, text, about = {}) {
    const batch = `${Date.now().toString(36)}-${(this.#newest += 1)}`;
    const made = files.map((file, number) => ({
      ref: `${batch}-${number}`,
      batch,
      room,
      text: number ? "" : text,
      about: number ? {} : about,
      name: file.name,
      size: file.size,
      file,
      id: null,
      sent: 0,
      state: "waiting",
    }));
    this.#take(made);
    return made;
  }

  // What an earlier page has left. One without its file can only be told of.
  restore(items) {
    const lost = (name) =>
      `${name} was not sent completely before the page was closed, and this browser has not kept it: choose it again.`;
    this.#take(
      items.map((item) => ({
        ...item,
        isOld: true,
        sent: 0,
        ...(item.file ? { state: "waiting" } : { state: "failed", why: lost(item.name) }),
      })),
    );
  }

  cancel(item) {
    this.items = this.items.filter((one) => one !== item);
    item.isCancelled = true;
    item.stop?.();
    item.go?.();
    if (item.id) this.#hands.drop(item);
    this.#hands.forget(item);
    this.#keep(item);
    this.#next();
  }

  retry(item) {
    Object.assign(item, { state: "waiting", why: undefined, isOld: false });
    this.#hands.changed(item);
    this.#next();
  }

  // There is a connection again: what waits goes on, and what stands still begins again where the server says.
  wake() {
    for (const item of this.items) (item.go?.(), item.isStill?.() && item.stop());
  }

  #take(items) {
    this.items.push(...items);
    this.#keep(items[0]);
    this.#next();
  }

  #keep(item) {
    this.#hands.keep(this.items);
    this.#hands.changed(item);
  }

  #next() {
    const busy = this.items.filter((one) => ["sending", "paused"].includes(one.state));
    const isFree = (item) => item.state === "waiting" && !item.isHeld && !busy.some((one) => one.batch === item.batch);
    const next = busy.length < AT_ONCE && this.items.find(isFree);
    if (next) this.#run(next);
    if (next) this.#next();
  }

  async #run(item) {
    item.state = "sending";
    item.tries = 0;
    try {
      while (this.items.includes(item)) {
        const place = await this.#place(item);
        if (item.isHeld || (place && (await this.#send(item, place)))) break;
        await this.#pause(item);
      }
      if (!item.isHeld && this.items.includes(item)) this.#say(item);
    } catch (error) {
      Object.assign(item, { state: "failed", why: error.message });
      this.#hands.changed(item);
    }
    for (const one of this.items) if (one !== item) one.isHeld = false; // there may be a place now
    this.#next();
  }

  // Where the file goes, and from which byte on; null if nobody can tell now.
  async #place(item) {
    const { ref, id, room, name, size } = item;
    const about = id ? { id } : { room, name: [...name].slice(-200).join(""), size };
    const answer = await this.#hands.ask({ type: "upload", ref, ...about });
    if (!answer) return null;
    if (answer.type !== "error") {
      item.id = answer.id;
      if (item.isCancelled) return (this.#hands.drop(item), null);
      this.#keep(item);
      return answer;
    }
    if (RETRIED.includes(answer.code)) return null;
    if (answer.code === "quota" && this.#othersAreBusy(item)) return this.#hold(item);
    if (answer.code !== "no_such_file" || !id) throw new Error(sentence(answer.text));
    item.id = null;
    if (item.isOld) throw new Error(`The server does not know ${name} any more; perhaps it was said already.`);
    return null;
  }

  #othersAreBusy(item) {
    return this.items.some((one) => one !== item && ["sending", "paused"].includes(one.state));
  }

  // Wait until another file is said: only a few may be unsaid at once.
  #hold(item) {
    Object.assign(item, { isHeld: true, state: "waiting" });
    return null;
  }

  // Whether all of it is there.
  async #send(item, { url, offset }) {
    item.state = "sending";
    while (offset < item.size && this.items.includes(item)) {
      this.#progress(item, offset);
      const answer = await this.#slice(item, url, offset);
      if (answer?.status === 201) return true;
      if (REFUSED.includes(answer?.status)) {
        if (answer.status !== 507) item.id = null;
        throw new Error(sentence(answer.text));
      }
      const known = [204, 409].includes(answer?.status) && Number.isSafeInteger(answer.offset);
      if (!known || answer.offset === offset) return false;
      offset = answer.offset;
      item.tries = 0;
    }
    return this.items.includes(item);
  }

  async #slice(item, url, offset) {
    const blob = item.file.slice(offset, offset + SLICE);
    const answer = await this.#hands.patch(url, offset, blob, {
      progress: (bytes) => this.#progress(item, offset + bytes),
      control: (stop, isStill) => Object.assign(item, { stop, isStill }),
    });
    if (answer) return answer;
    await blob.slice(0, 1).arrayBuffer().catch(() => { // prettier-ignore
      throw new Error(`${item.name} cannot be read any more: choose it again.`);
    });
    return null;
  }

  #progress(item, sent) {
    item.sent = Math.min(sent, item.size);
    this.#hands.changed(item);
  }

  // Until there is a connection, or a moment has passed.
  #pause(item) {
    if (!this.items.includes(item)) return null;
    item.state = "paused";
    this.#hands.changed(item);
    const pause = Math.min(LONGEST, SHORTEST * 2 ** item.tries);
    item.tries += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pause);
      item.go = () => (clearTimeout(timer), resolve());
    }).finally(() => (item.go = null));
  }

  #say(item) {
    this.#hands.say(item);
    this.items = this.items.filter((one) => one !== item);
    this.#hands.forget(item);
    this.#keep(item);
  }
}

const sentence = (text) => {
  const trimmed = (text ?? "").trim() || "the server does not take this file";
  return trimmed.charAt(0).toUpperCase() + trimmed.slice(1) + (/[.!?…]$/.test(trimmed) ? "" : ".");
};

const STILL = 3000; // without progress, when the connection was lost meanwhile
const DEAD = 60000; // without progress, in any case

// Send some bytes. Gives {status, offset, text}, or null if there was no answer.
export function patch(url, offset, blob, { progress, control }) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    let last = performance.now();
    const isStill = (time = STILL) => performance.now() - last > time;
    const timer = setInterval(() => isStill(DEAD) && request.abort(), 5000);
    request.upload.onprogress = (event) => ((last = performance.now()), progress(event.loaded));
    request.onloadend = () => {
      clearInterval(timer);
      const told = request.getResponseHeader("Upload-Offset");
      const answer = { status: request.status, offset: told === null ? null : Number(told), text: request.responseText };
      resolve(request.status ? answer : null);
    };
    request.open("PATCH", url);
    request.setRequestHeader("Upload-Offset", String(offset));
    control(() => request.abort(), isStill);
    request.send(blob);
  });
}
