// The messages of one room, as far as this page has them: in the order of their ids, each once, with what was said
// about them later (answers, corrections, deletions, reactions).
//
// Pure: it must not know the document, the connection or the clock.

const PAGE = 100; // messages that are asked for at a time
const MOST = 5000; // messages that are kept; older ones are asked for again
const TOGETHER = 300; // seconds within which one person's messages stand under one name
export const ABOUT = ["edit", "delete", "react"]; // entries that change another message, and are none of their own

// Which message the entry changes, or null for one that is a message itself.
export function target(frame) {
  const kind = ABOUT.find((one) => frame[one] != null);
  return kind ? frame[kind] : null;
}

// Whether somebody said it: it neither changes another message nor tells of a change of the room.
export const isSaid = (frame) => target(frame) === null && frame.change == null;

const dayOf = (ts) => new Date(ts * 1000).toDateString();

// An item is a message ({id, ts, from, color, text, …}), or a note of what happened between two ({note: …}).
export class Log {
  items = [];
  isLive = true; // it reaches to the newest message of the room
  hasAll = false; // nothing is older
  version = 0; // another one when the messages were replaced
  touched = new Set(); // items whose looks have changed since the view last asked
  #byId = new Map();

  get first() {
    return this.items.find((item) => item.id)?.id ?? null;
  }

  get last() {
    return this.items.findLast((item) => item.id)?.id ?? null;
  }

  find(id) {
    return this.#byId.get(id) ?? null;
  }

  // Add what was said last, and apply it if it is about an earlier message. Returns the new item, or null.
  add(frame) {
    if (target(frame) !== null) return this.#apply(frame);
    if (!this.isLive || this.#byId.has(frame.id)) return null;
    const item = this.#take(frame);
    this.items.push(item);
    this.#trim();
    return item;
  }

  // Add a page of older messages. They come as they are now, so entries among them have nothing to change.
  prepend(frames) {
    const items = this.#takeAll(frames);
    this.items.unshift(...items);
    if (this.items.length > MOST) {
      this.isLive = false;
      this.#forget(this.items.splice(MOST));
    }
    return items.length;
  }

  // Add the page that follows, in a log that does not reach to the newest message.
  append(frames, isLive) {
    this.items.push(...this.#takeAll(frames));
    this.isLive = isLive;
    this.#trim();
  }

  // Hold these messages and no others.
  replace(frames, isLive) {
    this.#byId.clear();
    this.version += 1;
    this.items = this.#takeAll(frames);
    this.isLive = isLive;
    this.hasAll = false;
  }

  // Note who came, left and changed names; one note for all that nothing was said between.
  people({ joined = [], left = [], renamed = [] }) {
    if (!this.isLive) return;
    let item = this.items.at(-1);
    if (item?.note !== "people") {
      item = { note: "people", joined: [], left: [], renamed: [] };
      this.items.push(item);
    }
    const without = (names, gone) => names.filter((name) => !gone.includes(name));
    const back = joined.filter((name) => item.left.includes(name));
    const gone = left.filter((name) => item.joined.includes(name));
    item.left = [...without(item.left, back), ...without(left, gone)];
    item.joined = [...without(item.joined, gone), ...without(joined, back)];
    item.renamed.push(...renamed);
    this.touched.add(item);
  }

  // Note a sentence about the room.
  tell(text) {
    if (this.isLive) this.items.push({ note: "text", text });
  }

  erase(id) {
    const item = this.find(id);
    if (!item || item.deleted) return;
    const gone = { text: "", deleted: true, edited: undefined, reactions: {}, file: undefined };
    this.#change(item, item.change ? { ...gone, change: {} } : gone);
  }

  #apply(frame) {
    const item = this.find(target(frame));
    if (!item || item.id >= frame.id) return null;
    if (frame.delete != null) this.erase(item.id);
    else if (item.deleted) return null;
    else if (frame.edit != null) {
      if (frame.text && !frame.deleted) this.#change(item, { text: frame.text, edited: frame.ts });
    } else this.#change(item, { reactions: reacted(item.reactions, frame.from, frame.text) });
    return null;
  }

  #change(item, values) {
    Object.assign(item, values);
    this.touched.add(item);
  }

  #takeAll(frames) {
    const known = (frame) => target(frame) !== null || this.#byId.has(frame.id);
    return frames.filter((frame) => !known(frame)).map((frame) => this.#take(frame));
  }

  #take(frame) {
    const item = { ...frame };
    this.#byId.set(item.id, item);
    return item;
  }

  // Older messages are let go of a hundred at a time, not with each new one.
  #trim() {
    if (this.items.length <= MOST + 100) return;
    this.#forget(this.items.splice(0, this.items.length - MOST));
    this.hasAll = false;
  }

  #forget(items) {
    for (const item of items) this.#byId.delete(item.id);
  }
}

// Who this person is here: what they and others are called, which rooms are theirs alone with somebody, whom they hide.
export class Identity {
  me = { name: "", tag: null, role: null, account: false, password: false, away: null };

  // `kept` is what outlives the page.
  constructor(kept) {
    this.kept = kept;
  }

  // A private room is addressed by its other person, who may be new.
  wireTo(room) {
    return room.startsWith("@") ? `@${this.partner(room)}` : room;
  }

  // Who else is in that private room, written as they write it where that is known.
  partner(room) {
    const names = room.slice(1).split("+");
    const other = names.find((name) => name !== this.me.name.toLowerCase()) ?? names[0];
    return this.spelling.get(other) ?? other;
  }

  spelling = new Map(); // in lower case → as written

  isMe(name) {
    return name.toLowerCase() === this.me.name.toLowerCase();
  }

  privateRoom(name) {
    this.spelling.set(name.toLowerCase(), name);
    return `@${[name.toLowerCase(), this.me.name.toLowerCase()].sort().join("+")}`;
  }

  title(room) {
    return room.startsWith("@") ? this.partner(room) : room;
  }

  ignored() {
    return this.kept.get("ignored", []);
  }

  ignores(name) {
    return this.ignored().includes(name.toLowerCase()) && !this.isMe(name);
  }

  hide(name, hidden) {
    const others = this.ignored().filter((one) => one !== name.toLowerCase());
    this.kept.set("ignored", hidden ? [...others, name.toLowerCase()] : others);
  }

  isForMe(frame) {
    return frame.room.startsWith("@") || mentions(this.me.name, frame.text);
  }
}

// Messages that are not on the page yet. `ask` gets a page of them from the server, `tell` hears that the log is another.
export class Past {
  #ask;
  #tell;

  constructor(ask, tell) {
    this.#ask = ask;
    this.#tell = tell;
  }

  async older(room) {
    if (room.loading || room.log.hasAll) return;
    const messages = await this.#page(room, room.log.first === null ? {} : { before: room.log.first });
    if (!messages) return;
    room.log.prepend(messages);
    room.log.hasAll = messages.length === 0 || messages[0].id === 1;
    this.#tell();
  }

  // The page behind the last message, in a log that was jumped into.
  async newer(room) {
    if (room.loading || room.log.isLive) return;
    const last = room.log.last ?? 0;
    const messages = await this.#page(room, { before: last + PAGE + 1 });
    if (!messages) return;
    room.log.append(
      messages.filter((one) => one.id > last),
      last + PAGE >= room.last,
    );
    this.#tell();
  }

  // Show the place of one message. Returns whether it is there.
  async jump(room, id) {
    if (!room.log.find(id)) {
      const messages = await this.#page(room, { before: id + PAGE / 2 });
      if (!messages?.some((one) => one.id === id)) return false;
      room.log.replace(messages, messages.at(-1).id >= room.last);
      this.#tell();
    }
    return true;
  }

  async toEnd(room) {
    if (room.log.isLive) return;
    const messages = await this.#page(room, {});
    if (messages) room.log.replace(messages, true);
    this.#tell();
  }

  async #page(room, range) {
    room.loading = true;
    const frame = await this.#ask({ type: "history", room: room.name, limit: PAGE, ...range });
    room.loading = false;
    return frame?.messages ?? null;
  }
}

export const pick = (frame, names) =>
  Object.fromEntries(names.filter((name) => name in frame).map((name) => [name, frame[name]]));

// What somebody changed about a room, as a sentence.
export function change(room, frame) {
  const names = ["topic", "mode", "slow"].filter((name) => frame[name] !== room[name]);
  return changed({ from: frame.by ?? "Somebody", change: pick(frame, names) });
}

// The same as an entry of the room tells it; only the server makes such entries, whatever their text.
export function changed({ from, change: { topic, mode, slow }, deleted }) {
  const deeds = [];
  if (topic != null) deeds.push(topic ? `changed the topic to: ${topic}` : "removed the topic");
  if (mode != null) deeds.push(`set the mode to ${mode}`);
  if (slow != null) deeds.push(slow ? `set slow mode to one message in ${slow} s` : "ended slow mode");
  return `${from} ${deleted ? "changed this room (deleted)" : deeds.join("; ") || "changed this room"}`;
}

// A room, as far as it is known: how it is set, who is there, what is unread. `mark`: the last id before what is new.
export function newRoom(name, seen) {
  const room = { name, log: new Log(), seen, last: 0, unread: 0, mentions: 0, mark: null, loading: false };
  return { ...room, members: 0, people: null, topic: "", mode: "open", slow: 0, role: null };
}

// People came, left and changed names. Returns whether somebody came of whom no more than the name is known.
export function move(room, { joined = [], left = [], renamed = [] }) {
  const { people } = room;
  if (!people) return false;
  for (const name of left) people.delete(name.toLowerCase());
  for (const [old, name] of renamed) {
    people.set(name.toLowerCase(), { ...people.get(old.toLowerCase()), name });
    if (old.toLowerCase() !== name.toLowerCase()) people.delete(old.toLowerCase());
  }
  const strangers = joined.filter((name) => !people.has(name.toLowerCase()));
  for (const name of strangers) people.set(name.toLowerCase(), { name });
  return strangers.length > 0;
}

// One reaction of a person; a new one replaces it. An empty one takes it back, and so does one that says so.
// A reaction may be any word, also "constructor" or "__proto__", which every object seems to have already.
export function reacted(reactions, name, text) {
  const next = new Map();
  for (const [one, names] of Object.entries(reactions ?? {})) {
    const others = names.filter((other) => other.toLowerCase() !== name.toLowerCase());
    if (others.length) next.set(one, others);
  }
  if (text && !isAction({ text })) next.set(text, [...(next.get(text) ?? []), name]);
  return Object.fromEntries(next);
}

// How an item stands below those before it: with a line for a new day, and with its sender's name or without.
export function standing(items, index) {
  const item = items[index];
  if (!item.id) return { day: false, head: false };
  const before = items[index - 1];
  let said = index - 1;
  while (said >= 0 && !items[said].id) said -= 1;
  const day = said < 0 || dayOf(items[said].ts) !== dayOf(item.ts);
  const follows = !day && before.id && before.from === item.from && item.ts - before.ts < TOGETHER;
  const isApart = item.reply != null || isAction(item);
  return { day, head: !follows || isApart || isAction(before) || before.change != null };
}

// A file without a caption: its text is made of its name, unless it was given one later.
export const isBare = (item) => Boolean(item.file?.bare && !item.edited);

export const isAction = (item) => item.text.startsWith("/me ");

// Whether a text has that name as a whole word, whatever the case.
export function mentions(name, text) {
  if (!name || !text.toLowerCase().includes(name.toLowerCase())) return false;
  const word = name.replace(/[.\\-]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_-])${word}(?![\\p{L}\\p{N}_-])`, "iu").test(text);
}

// --- What a text is made of ---

const FENCE = /^```[^\S\n]*(\w*)[^\S\n]*\n([\s\S]*?)\n?```[^\S\n]*$/m;
const INLINE = /`([^`\n]+)`|https?:\/\/[^\s<>"'`\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;

// The pieces of a text, in order: {text}, {code}, {block} and {link}.
export function pieces(text) {
  const fence = FENCE.exec(text);
  if (!fence) return inline(text);
  const before = text.slice(0, fence.index).replace(/\n$/, "");
  const after = text.slice(fence.index + fence[0].length).replace(/^\n/, "");
  return [...inline(before), { block: fence[2] }, ...(after ? pieces(after) : [])];
}

function inline(text) {
  const found = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const link = match[1] === undefined ? trimmed(match[0]) : null;
    if (link !== null && !isLink(link)) continue;
    if (match.index > end) found.push({ text: text.slice(end, match.index) });
    found.push(link === null ? { code: match[1] } : { link });
    end = match.index + (link ?? match[0]).length;
  }
  if (end < text.length) found.push({ text: text.slice(end) });
  return found;
}

// What ends a sentence does not belong to the address before it, nor does a bracket that was opened before that.
function trimmed(link) {
  let end = link.replace(/[.,;:!?…'"*_~]+$/, "");
  if (end.endsWith(")") && !end.includes("(")) end = trimmed(end.slice(0, -1));
  return end;
}

function isLink(text) {
  try {
    return ["http:", "https:"].includes(new URL(text).protocol);
  } catch {
    return false;
  }
}
