// Texts on their way: kept over reloads, sent while there is a connection, tried again, and those that were refused.
//
// It must not know rooms or the document. What "once, in order" takes is the part of delivery.js.

import { Outgoing, cut } from "./delivery.js";

const RETRIED = ["storage_unavailable", "internal", "rate_limited"]; // the fault is not in the text
const PAUSE = 2000; // before a text is tried again that the server could not take

export class Outbox {
  failed = []; // texts that the server refused: {room, text, why}
  #outgoing = new Outgoing();
  #name = ""; // whose texts they are
  #isRestored = false;
  #heldBack = ""; // which text was held back last, and why
  #timer = null; // until those that were held back go out again
  #session;
  #kept;
  #link;
  #tell;

  // `link()` sends frames; `kept` is what outlives the page; `tell(what, …)` says what has changed.
  constructor(session, kept, link, tell) {
    this.#session = session;
    this.#kept = kept;
    this.#link = link;
    this.#tell = tell;
  }

  // Be somebody. What an earlier page of this tab left unsaid is said, unless it was somebody else's.
  begin(name) {
    this.#name = name;
    const box = this.#kept.get(this.#box);
    if (!this.#isRestored && box?.name === name) this.#outgoing.restore(box.says, box.newest);
    this.#isRestored = true;
  }

  get #box() {
    return `outbox:${this.#session.id}`;
  }

  // What is not confirmed yet, in order.
  texts() {
    return this.#outgoing.texts();
  }

  // Put a text on its way, in pieces that a message may hold; the first speaks of what it is about. `shown` in `about`
  // is for this person alone.
  add(room, text, about) {
    for (const [number, piece] of cut(text).entries()) this.#outgoing.add(room, piece, number ? {} : about);
    this.pump();
  }

  pump() {
    this.#keep();
    const isOnline = this.#link().state === "online";
    for (let say = isOnline && this.#outgoing.next(); say; say = this.#outgoing.next())
      this.#link().send({ type: "say", ...say, shown: undefined });
    this.#tell("pending");
  }

  #keep() {
    const { newest } = this.#outgoing;
    this.#kept.set(this.#box, { says: this.texts(), newest, at: Date.now(), name: this.#name });
  }

  connected(name, accepted) {
    this.#name = name;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#outgoing.connected(accepted);
  }

  disconnected() {
    this.#outgoing.disconnected();
  }

  received(seq) {
    if (this.#outgoing.delivered(seq)) this.pump();
  }

  // Whether that error is about a text.
  refused(frame) {
    const { code, seq, text } = frame;
    if (code === "bad_seq") this.#again(() => this.#outgoing.outOfStep(frame.accepted ?? 0));
    else if (seq == null) return false;
    else if (RETRIED.includes(code)) this.#again(() => this.#outgoing.hold(), text);
    else this.#giveUp(seq, text);
    return true;
  }

  #again(hold, why) {
    const heldBack = `${this.#outgoing.oldest} ${why}`;
    if (why && !this.#outgoing.held && heldBack !== this.#heldBack) {
      this.#tell("notice", `Not delivered yet: ${why}. Trying again…`);
      this.#heldBack = heldBack;
    }
    hold();
    // One for all that were refused together: each of several would send all of them again.
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#outgoing.release();
      this.pump();
    }, PAUSE);
  }

  #giveUp(seq, why) {
    const say = this.#outgoing.refused(seq);
    if (say) this.failed.push({ ...say, why });
    this.pump();
  }
}
