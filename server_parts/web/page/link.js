// The connection: lost, found again, and watched for silence. Beside it, what outlives a page in this browser.
//
// It must not know rooms or people: a frame is an object that comes or goes.

const SILENCE = 10000; // within which the server answers a ping
const QUIET = 30000; // after which it is asked whether it is there
const LONGEST = 15000; // between two tries

export class Link {
  state = "new"; // then "connecting", "online", "lost" or "ended"
  #socket = null;
  #tries = 0;
  #timer = 0; // the next try, the next ping, or the end of waiting for its answer
  #url;
  #handlers;

  // `handlers`: `hello()` gives the first frame, `take(frame)` gets what comes, `changed(state)` hears of the link.
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  connect() {
    this.#drop();
    this.#become("connecting");
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#wait(SILENCE, () => this.#lost());
    socket.onopen = () => socket.send(JSON.stringify(this.#handlers.hello()));
    socket.onmessage = (event) => socket === this.#socket && this.#take(event.data);
    socket.onclose = () => socket === this.#socket && this.#lost();
  }

  // Send a frame if there is a connection; returns whether there is.
  send(frame) {
    if (this.state !== "online") return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  // Say hello once more, after a refusal.
  greet() {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(this.#handlers.hello()));
    else this.connect();
  }

  // The server has let us in.
  welcomed() {
    this.#tries = 0;
    this.#become("online");
    this.#watch();
  }

  // The device is awake again, or back on a network: do not wait for a timer.
  wake() {
    if (this.state === "lost") this.connect();
    else if (this.state === "online") this.#ping();
  }

  // Stay away until `connect`.
  end() {
    this.#drop();
    this.#become("ended");
  }

  #take(data) {
    if (this.state === "online") this.#watch();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    this.#handlers.take(frame);
  }

  #watch() {
    this.#wait(QUIET, () => this.#ping());
  }

  #ping() {
    this.#wait(SILENCE, () => this.#lost());
    this.send({ type: "ping" });
  }

  #lost() {
    this.#drop();
    this.#become("lost");
    const pause = Math.min(LONGEST, 250 * 2 ** this.#tries) * (0.75 + Math.random() / 2);
    this.#tries += 1;
    this.#wait(pause, () => this.connect());
  }

  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #wait(milliseconds, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, milliseconds);
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#handlers.changed(state);
  }
}

// Do it again a few times if it fails: the network, or the server, may be away for a moment.
export async function persist(attempt, times = 6) {
  for (let left = times; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
  }
}

// What was asked and is not answered. Answers come in the order of the questions.
export class Questions {
  #waiting = []; // {type, fits, resolve, messages, ref}

  // The frame that answers, or null if none comes.
  ask(request, type, fits) {
    const isAbout = (frame) => request.room === undefined || frame.room === undefined || frame.room === request.room;
    return new Promise((resolve) => {
      const one = { type, resolve, messages: [], ref: request.ref };
      this.#waiting.push({ ...one, fits: (frame) => fits(frame) && isAbout(frame) });
    });
  }

  answer(frame) {
    const index = this.#waiting.findIndex((one) => one.type === frame.type && one.fits(frame));
    if (index < 0) return;
    const { messages, resolve } = this.#waiting[index];
    if (frame.type === "history") {
      messages.push(...frame.messages);
      if (frame.more && frame.messages.length) return;
    }
    this.#waiting.splice(index, 1);
    resolve(frame.type === "history" ? { ...frame, messages } : frame);
  }

  // That one was refused, whose `ref` the error repeats. Returns whether it was asked here.
  refusedOne(frame) {
    const index = this.#waiting.findIndex((one) => one.ref !== undefined && one.ref === frame.ref);
    if (index >= 0) this.#waiting.splice(index, 1)[0].resolve(frame);
    return index >= 0;
  }

  // The oldest one was refused.
  refused() {
    this.#waiting.shift()?.resolve(null);
  }

  lost() {
    while (this.#waiting.length) this.refused();
  }
}

// Tells the server how far rooms were read, once a second at most.
export class Reads {
  #send;
  #late = new Map(); // room → id
  #timer = 0;

  constructor(send) {
    this.#send = send;
  }

  tell(room, id) {
    this.#late.set(room, id);
    this.#timer ||= setTimeout(() => this.#flush(), 1000);
  }

  #flush() {
    this.#timer = 0;
    for (const [room, id] of this.#late) this.#send({ type: "read", room, id });
    this.#late.clear();
  }
}

// Values that outlive a page. Where the browser keeps nothing, they last as long as the page.
export class Kept {
  #values = new Map();
  #late = new Map(); // what is written a little later, because it changes often

  get(key, otherwise = null) {
    if (!this.#values.has(key)) this.#values.set(key, this.#read(key));
    return this.#values.get(key) ?? otherwise;
  }

  set(key, value) {
    this.#values.set(key, value);
    try {
      if (value === null) localStorage.removeItem(`chat:${key}`);
      else localStorage.setItem(`chat:${key}`, JSON.stringify(value));
    } catch {
      // Full, or forbidden.
    }
  }

  // One entry of a record. Its name may be any word, also one that every object knows.
  entry(key, name) {
    const record = this.get(key);
    return record && Object.hasOwn(record, name) ? record[name] : null;
  }

  setEntrySoon(key, name, value) {
    const record = new Map(Object.entries(this.get(key, {})));
    if (value === null) record.delete(name);
    else record.set(name, value);
    this.setSoon(key, Object.fromEntries(record));
  }

  // All values whose keys begin so, also what other tabs have written.
  all(begin) {
    try {
      const keys = Object.keys(localStorage).filter((key) => key.startsWith(`chat:${begin}`));
      return keys.map((key) => this.#read(key.slice(5))).filter((value) => value !== null);
    } catch {
      return [];
    }
  }

  // Write it within a second, and when the page goes.
  setSoon(key, value) {
    this.#values.set(key, value);
    if (!this.#late.has(key))
      this.#late.set(
        key,
        setTimeout(() => this.#write(key), 700),
      );
  }

  flush() {
    for (const key of [...this.#late.keys()]) this.#write(key);
  }

  // Keep nothing any more.
  clear() {
    for (const timer of this.#late.values()) clearTimeout(timer);
    this.#late.clear();
    this.#values.clear();
    for (const key of Object.keys(localStorage)) if (key.startsWith("chat:")) localStorage.removeItem(key);
    sessionStorage.clear();
    indexedDB.deleteDatabase("chat:files"); // of stored.js
  }

  #write(key) {
    clearTimeout(this.#late.get(key));
    this.#late.delete(key);
    this.set(key, this.#values.get(key));
  }

  #read(key) {
    try {
      return JSON.parse(localStorage.getItem(`chat:${key}`));
    } catch {
      return null;
    }
  }
}

const SESSION = "chat:session";
const OUTBOX = "outbox:";
const MONTH = 30 * 86400e3; // as long as the server remembers a session

// The session of this tab, the same over reloads. A copy of a tab has the same memory as the first: so each answers on
// a channel to its session, and the copy takes another. A session that a closed tab of the same person left with texts
// unsaid is taken over by the next page, so that they arrive.
export class Session {
  id = randomText();
  #channel = new BroadcastChannel("chat:sessions");

  async find(kept) {
    const [mine, name] = [sessionStorage.getItem(SESSION), kept.get("name")];
    const boxes = Object.keys(localStorage)
      .filter((key) => key.startsWith(`chat:${OUTBOX}`))
      .map((key) => key.slice(5));
    const uploads = (key) => key.replace(OUTBOX, "uploads:");
    const isLeft = (key) => kept.get(key)?.says.length || kept.get(uploads(key))?.length;
    const left = boxes.filter((key) => isLeft(key) && kept.get(key).name === name);
    const wanted = [...(mine ? [mine] : []), ...left.map((key) => key.slice(OUTBOX.length))];
    const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
    const taken = (isReload && mine) || !wanted.length ? new Set() : await this.#inUse(wanted);
    const old = boxes.filter((key) => !(Date.now() - kept.get(key)?.at < MONTH));
    for (const key of old) (kept.set(key, null), kept.set(uploads(key), null));
    this.#take(wanted.find((one) => !taken.has(one)) ?? this.id);
    this.#channel.onmessage = ({ data }) =>
      data.who?.includes(this.id) && this.#channel.postMessage({ taken: this.id });
  }

  // The server gave the one before to somebody else.
  renew() {
    this.#take(randomText());
  }

  #take(id) {
    this.id = id;
    sessionStorage.setItem(SESSION, id);
  }

  // Which of these sessions another open tab has.
  #inUse(sessions) {
    const taken = new Set();
    this.#channel.onmessage = ({ data }) => data.taken && taken.add(data.taken);
    this.#channel.postMessage({ who: sessions });
    return new Promise((resolve) => setTimeout(() => resolve(taken), 150));
  }
}

// Random letters and digits, also where there is no encryption.
function randomText() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
