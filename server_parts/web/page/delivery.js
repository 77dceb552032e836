// What has been said and not yet confirmed, and what has been shown: the bookkeeping behind "once, in order".
//
// The same promises as client_parts/conversation/delivery.py, held to the same cases. Pure: it must not know
// sockets, the document, storage or the clock.

// Characters on their way at once, and what a frame adds to its text.
const WINDOW = 32768;
const OVERHEAD = 64;

const size = (say) => say.text.length + OVERHEAD;

// A text in pieces that a message may hold; no piece ends within a character.
export function cut(text, most = 5000) {
  const pieces = [];
  for (let rest = text.replaceAll("\0", ""); rest || !pieces.length;) {
    const splits = rest.length > most && /[\ud800-\udbff]/.test(rest[most - 1]);
    pieces.push(rest.slice(0, splits ? most - 1 : most));
    rest = rest.slice(pieces.at(-1).length);
  }
  return pieces;
}

// Texts that the server has not confirmed yet, numbered 1, 2, 3 … within the session. A say is {seq, room, text} and
// perhaps what the text is about: {reply}, {edit}, {delete} or {react}.
export class Outgoing {
  held = false;
  #pending = new Map(); // seq → say, in the order of seq
  #newest = 0; // the seq of the newest text
  #sent = 0; // the highest seq handed out on the present connection
  #accepted = 0; // the highest seq that the server is known to have counted
  #inFlight = 0; // the size of what was handed out and is not answered

  // What an earlier page of this session left behind, in order, and the highest number it gave: a text that is added
  // before the server answers must not get one that is used up.
  restore(says, newest) {
    for (const say of says) this.#pending.set(say.seq, say);
    this.#newest = newest;
    this.disconnected();
  }

  get newest() {
    return this.#newest;
  }

  get length() {
    return this.#pending.size;
  }

  add(room, text, about = {}) {
    this.#newest += 1;
    this.#pending.set(this.#newest, { seq: this.#newest, room, text, ...about });
  }

  // The next text to send on the present connection, once.
  next() {
    while (!this.held && this.#sent < this.#newest && this.#inFlight < WINDOW) {
      this.#sent += 1;
      const say = this.#pending.get(this.#sent);
      if (say) {
        this.#inFlight += size(say);
        return say;
      }
    }
    return null;
  }

  get oldest() {
    return this.#first(null);
  }

  // What is not confirmed yet, in order.
  texts() {
    return [...this.#pending.values()];
  }

  unsentFor(room) {
    return this.texts().some((say) => say.room === room && say.seq > this.#sent);
  }

  // A new connection: what the server counts as accepted has arrived, the rest goes out again.
  connected(accepted) {
    this.held = false;
    this.#forgetUpTo(accepted);
    this.#renumber(accepted + 1);
  }

  // What was sent may be lost, and counts as unsent until the server says what it accepted.
  disconnected() {
    this.#sent = this.#first(this.#newest + 1) - 1;
    this.#inFlight = 0;
  }

  // A receipt: the text that it is for, or null for one that was not waiting.
  delivered(seq) {
    this.#accepted = Math.max(this.#accepted, seq);
    const say = this.#pending.get(seq) ?? null;
    this.#pending.delete(seq);
    if (say && seq <= this.#sent) this.#inFlight -= size(say);
    return say;
  }

  // The server will not have that text; its seq is used up all the same.
  refused(seq) {
    return this.delivered(seq);
  }

  // The server could not take a text, and used up no seq: that text and all after it wait for `release`.
  hold() {
    this.held = true;
  }

  // The server counts differently: what it has is delivered, and all above goes out again on `release`.
  outOfStep(accepted) {
    this.held = true;
    this.#forgetUpTo(accepted);
  }

  // Send everything unconfirmed again, from the first.
  release() {
    this.held = false;
    if (this.#first(0) > this.#accepted + 1) this.#renumber(this.#accepted + 1);
    else this.disconnected();
  }

  #first(otherwise) {
    return this.#pending.keys().next().value ?? otherwise;
  }

  #forgetUpTo(accepted) {
    for (const seq of [...this.#pending.keys()]) if (seq <= accepted) this.delivered(seq);
    this.#accepted = accepted;
  }

  // A server whose log is another one counts from its own beginning, and would refuse our old numbers for ever.
  #renumber(first) {
    const says = this.texts().map((say, index) => ({ ...say, seq: first + index }));
    this.#pending = new Map(says.map((say) => [say.seq, say]));
    this.#newest = first + says.length - 1;
    this.#sent = first - 1;
    this.#inFlight = 0;
  }
}

// What a message that comes in means for the room's reader. REPEAT: shown before, or of a room that was left, or sure
// to come again. JUMP: messages before it are missing.
export const NEW = "new";
export const REPEAT = "repeat";
export const JUMP = "jump";

// The rooms this page is in, and the last id that it has shown of each.
export class Cursors {
  epoch = null;
  #shown = new Map(); // room → id, or null
  #oldest = new Map();
  #ends = new Map(); // rooms whose history is coming in, and the last id it will hold
  #resuming = new Set(); // rooms asked for again after a jump
  #confirmed = new Set(); // rooms that the server says we are in

  constructor(rooms = []) {
    for (const room of rooms) this.enter(room);
  }

  has(room) {
    return this.#shown.has(room);
  }

  isConfirmed(room) {
    return this.#confirmed.has(room);
  }

  // What `hello` says about rooms.
  positions() {
    return Object.fromEntries(this.#shown);
  }

  // The public rooms, in the order they were entered.
  rooms() {
    return [...this.#shown.keys()].filter((room) => !room.startsWith("@"));
  }

  lastShown(room) {
    return this.#shown.get(room) ?? null;
  }

  oldestShown(room) {
    return this.#oldest.get(room) ?? null;
  }

  // Whether the history of that room, or of any, is coming in.
  catchingUp(room) {
    return room === undefined ? this.#ends.size > 0 : this.#ends.has(room);
  }

  // A new connection; whether it leads to another log, in which our positions mean nothing.
  connected(epoch) {
    const changed = this.epoch !== null && this.epoch !== epoch;
    this.epoch = epoch;
    this.#ends.clear();
    this.#resuming.clear();
    if (changed) {
      for (const room of this.#shown.keys()) this.#shown.set(room, null);
      this.#oldest.clear();
    }
    return changed;
  }

  enter(room) {
    if (!this.has(room)) this.#shown.set(room, null);
  }

  leave(room) {
    for (const known of [this.#shown, this.#oldest, this.#ends, this.#resuming, this.#confirmed]) known.delete(room);
  }

  // The server refused an entry: the room it was, which we are then not in.
  refused() {
    const room = [...this.#shown.keys()].find((one) => !this.#confirmed.has(one)) ?? null;
    if (room !== null) this.leave(room);
    return room;
  }

  // The server confirms an entry; false for a room that was left meanwhile.
  joined(room, last) {
    if (!this.has(room) && !room.startsWith("@")) return false;
    this.enter(room);
    this.#resuming.delete(room);
    this.#confirmed.add(room);
    this.#ends.set(room, last);
    return true;
  }

  // One message of the history that follows an entry. A jump here is final: it is shown all the same.
  history(room, id) {
    const shown = this.lastShown(room);
    if (shown !== null && id <= shown) return REPEAT;
    this.#show(room, id);
    return shown === null || id === shown + 1 ? NEW : JUMP;
  }

  historyEnds(room) {
    const last = this.#ends.get(room);
    this.#ends.delete(room);
    if (last !== undefined && this.has(room)) this.#shown.set(room, Math.max(last, this.lastShown(room) ?? 0));
  }

  // An older message was shown because it was asked for.
  page(room, id) {
    this.#oldest.set(room, Math.min(id, this.#oldest.get(room) ?? id));
  }

  // One message that was just said. Before the entry is confirmed it is one of a room that was left.
  live(room, id) {
    if (!this.isConfirmed(room)) return REPEAT;
    const shown = this.lastShown(room);
    if (shown !== null && id <= shown) return REPEAT;
    if (shown !== null && id > shown + 1) {
      if (this.#resuming.has(room)) return REPEAT;
      this.#resuming.add(room);
      return JUMP;
    }
    this.#show(room, id);
    return NEW;
  }

  #show(room, id) {
    this.#shown.set(room, id);
    if (!this.#oldest.has(room)) this.#oldest.set(room, id);
  }
}
