// The conversation: who this is, the rooms they are in, what is unread there, and what the server says to all that.
//
// It must not know the document or the socket: frames go out through the link, and `tell(what, …)` says what has changed.

import { Cursors, JUMP, NEW, REPEAT } from "./delivery.js";
import { Addresses } from "./files.js";
import { Questions, Reads } from "./link.js";
import { ABOUT, Identity, Log, Past, change, isSaid, move, newRoom, pick } from "./log.js";
import { Outbox } from "./outbox.js";

const RECENT = 100; // messages of a room that is entered
const FEW = 200; // people of a room whose names are asked for
const NO_ENTRY = ["bad_room", "denied", "banned", "invite_needed", "too_many"];

export class Chat extends Identity {
  features = [];
  rooms = new Map(); // by their names on the wire
  current = null;
  #cursors = new Cursors();
  #questions = new Questions();
  #reads = new Reads((frame) => this.me.account && this.features.includes("read") && this.#send(frame));
  limits = {}; // of this server
  #send;
  #tell;

  // `link` sends frames; `kept` is what outlives the page.
  constructor(session, kept, link, tell) {
    super(kept);
    this.session = session;
    this.#send = (frame) => link().send(frame);
    this.#tell = tell;
    this.outbox = new Outbox(session, kept, link, tell);
    this.addresses = new Addresses((...question) => this.ask(...question));
    this.past = new Past(
      (request) => this.ask(request),
      () => tell("log"),
    );
  }

  // --- Greeting ---

  // Be somebody, with the rooms and the unsaid texts that are known of them.
  begin(name) {
    this.me.name = name;
    this.outbox.begin(name);
    if (!this.rooms.size) for (const room of this.#known("rooms") ?? ["lobby"]) this.#ensure(room);
  }

  // The first frame of a connection. `proof`: what shows that the name is one's own.
  hello(name, proof) {
    this.begin(name);
    const rooms = Object.fromEntries(Object.entries(this.#cursors.positions()).slice(0, 30));
    return {
      type: "hello",
      protocol: 1,
      name,
      session: this.session.id,
      rooms,
      history: RECENT,
      client: "web page",
      features: ["by"],
      ...(this.#cursors.epoch === null ? {} : { epoch: this.#cursors.epoch }),
      ...proof,
    };
  }

  #welcome(frame) {
    const earlier = this.me.name;
    const away = "away" in frame ? frame.away : this.me.away;
    this.me = { ...this.me, ...pick(frame, ["name", "tag", "role", "account", "password", "color"]), away };
    this.me.realname = frame.realname ?? null;
    this.features = frame.features ?? [];
    this.limits = frame.limits ?? {};
    if (this.#cursors.connected(frame.epoch)) this.#startOver();
    this.outbox.connected(frame.name, frame.accepted);
    if (earlier !== frame.name) this.#rememberRooms();
    if (away && !("away" in frame)) this.#send({ type: "away", text: away });
    for (const room of this.#cursors.rooms().slice(30)) this.#enter(room);
    this.#tell("me");
    this.outbox.pump();
  }

  #startOver() {
    for (const room of this.rooms.values()) Object.assign(room, { log: new Log(), seen: 0, unread: 0, mark: null });
    this.#tell("notice", "This server's history was replaced; showing recent messages.");
  }

  disconnected() {
    this.outbox.disconnected();
    this.#questions.lost();
    for (const room of this.rooms.values()) room.loading = false;
  }

  // --- Saying ---

  // Put a text on its way. `about`: {reply}, {edit}, {delete} or {react} with an id.
  say(room, text, about) {
    this.outbox.add(this.wireTo(room), text, about);
  }

  // The last message here that an entry may speak of: one's own, or of somebody whom this person hears (`name`).
  lastSaid({ isOwn = false, name = null }) {
    const fits = ({ id, from, deleted, change }) =>
      id &&
      !deleted &&
      !change &&
      this.isMe(from) === isOwn &&
      !this.ignores(from) &&
      (name === null || from.toLowerCase() === name.toLowerCase());
    return this.rooms.get(this.current).log.items.findLast(fits) ?? null;
  }

  // Whether a message of one's own for this room is on its way: it is newer than those that can be seen.
  isSaying() {
    const room = this.wireTo(this.current);
    return this.outbox.texts().some((say) => say.room === room && ABOUT.every((kind) => say[kind] == null));
  }

  // --- Rooms ---

  // Turn to a room; one that this page is not in is entered.
  open(name) {
    const before = this.rooms.get(this.current);
    if (before && name !== this.current) before.mark = null;
    if (!this.rooms.has(name)) {
      this.#ensure(name);
      if (!name.startsWith("@")) this.#enter(name);
    }
    this.current = name;
    const room = this.rooms.get(name);
    room.mark = room.unread ? room.seen : null;
    if (name.startsWith("@") || room.people) this.askWho(name);
    this.#rememberRooms();
    this.#tell("room");
  }

  leave(name) {
    if (this.#cursors.isConfirmed(name) && !name.startsWith("@")) this.#send({ type: "leave", room: name });
    this.#giveUp(name);
  }

  #giveUp(name) {
    this.#cursors.leave(name);
    this.rooms.delete(name);
    if (this.current === name) {
      this.current = null;
      const next = this.rooms.keys().next().value;
      if (next !== undefined) this.open(next);
    }
    this.#rememberRooms();
    this.#tell("room");
  }

  #ensure(name) {
    if (!this.rooms.has(name)) {
      this.rooms.set(name, newRoom(name, this.kept.entry(this.#keyOf("seen"), name)));
      if (!name.startsWith("@")) this.#cursors.enter(name);
    }
    return this.rooms.get(name);
  }

  #enter(room) {
    const after = this.#cursors.lastShown(room);
    this.#send({ type: "join", room, ...(after === null ? { history: RECENT } : { after }) });
  }

  // What is known of this name from earlier pages.
  #known(what) {
    return this.kept.get(this.#keyOf(what));
  }

  #keyOf(what) {
    return `${what}:${this.me.name.toLowerCase()}`;
  }

  #rememberRooms() {
    if (!this.me.name) return;
    this.kept.set(this.#keyOf("rooms"), this.#cursors.rooms());
    if (this.current) this.kept.set(this.#keyOf("current"), this.current);
  }

  get lastOpen() {
    return this.#known("current");
  }

  // --- What is unread ---

  // Everything in that room was seen.
  read(name) {
    const room = this.rooms.get(name);
    if (!room) return;
    const changed = room.unread || room.mentions;
    room.unread = room.mentions = 0;
    if (room.seen !== room.last) (this.#see(room, room.last), this.#reads.tell(name, room.last));
    if (changed) this.#tell("rooms");
  }

  #see(room, id) {
    room.seen = id;
    this.kept.setEntrySoon(this.#keyOf("seen"), room.name, id);
  }

  // This person has read so far, perhaps elsewhere.
  #hasRead(room, id) {
    if (!room || id <= (room.seen ?? 0)) return;
    this.#see(room, id);
    const news = room.log.items.filter((item) => item.id > id && this.#isNews(item));
    Object.assign(room, { unread: news.length, mentions: news.filter((item) => this.isForMe(item)).length });
    this.#tell("rooms");
  }

  ignore(name, hidden) {
    this.hide(name, hidden);
    this.#tell("log", true);
  }

  #isNews(frame) {
    return isSaid(frame) && !frame.deleted && !this.isMe(frame.from) && !this.ignores(frame.from);
  }

  #count(room, frame) {
    room.unread += 1;
    if (this.isForMe(frame)) room.mentions += 1;
  }

  // --- Questions ---

  // Ask the server; gives the frame that answers, or null if that does not come.
  ask(request, type = request.type, fits = () => true) {
    return this.#send(request) ? this.#questions.ask(request, type, fits) : Promise.resolve(null);
  }

  // Order something whose answer is a notice, if any.
  order(request) {
    this.last = request;
    if (!this.#send(request)) this.#tell("notice", "You are offline; try again when the connection is back.");
  }

  async askWho(name) {
    const frame = await this.ask({ type: "who", room: name, limit: FEW });
    const room = this.rooms.get(name);
    if (!frame || !room) return;
    room.people = new Map(frame.members.map((one) => [one.name.toLowerCase(), one]));
    room.members = frame.total ?? room.members;
    room.role = room.people.get(this.me.name.toLowerCase())?.role ?? room.role;
    for (const { name: one } of frame.members) this.spelling.set(one.toLowerCase(), one);
    this.#tell("people");
  }

  // Be called something more, in any script. Answers come in order, so the next ones have it.
  async setRealName(text) {
    this.order({ type: "realname", text: text || null });
    if (this.current) this.askWho(this.current);
    const frame = await this.ask({ type: "whois", name: this.me.name });
    if (frame) this.me.realname = frame.realname ?? null;
    this.#tell("me");
  }

  setAway(text) {
    this.me.away = text;
    this.#send({ type: "away", text });
    this.#tell("me");
  }

  // --- What comes in ---

  take(frame) {
    if (Object.hasOwn(this.#table, frame.type)) this.#table[frame.type].call(this, frame);
    else this.#questions.answer(frame);
  }

  #table = {
    welcome: this.#welcome,
    joined: this.#joined,
    history: this.#history,
    message: this.#message,
    presence: this.#presence,
    ack: ({ seq }) => this.outbox.received(seq),
    error: this.#error,
    away: ({ text }) => this.#tell("me", (this.me.away = text)),
    room: this.#settings,
    deleted: ({ room, id }) => (this.rooms.get(room)?.log.erase(id), this.#tell("log")),
    notice: this.#notice,
    read: ({ room, id }) => this.#hasRead(this.rooms.get(room), id),
  };

  #joined(frame) {
    const { room: name, last } = frame;
    const isNew = !this.rooms.has(name);
    if (!this.#cursors.joined(name, last)) return;
    const room = this.#ensure(name);
    Object.assign(room, pick(frame, ["members", "topic", "mode", "slow", "role"]), { last, people: null });
    this.#hasRead(room, frame.read ?? 0);
    if (room.seen === null) this.#see(room, name.startsWith("@") && isNew ? 0 : last);
    if (frame.members <= FEW) this.askWho(name);
    this.#rememberRooms();
    this.#tell("rooms");
  }

  #history(frame) {
    if (!this.#cursors.catchingUp(frame.room)) return this.#questions.answer(frame);
    const room = this.rooms.get(frame.room);
    if (frame.gap && room.log.items.length) room.log.replace([], true);
    const isFirst = this.#cursors.lastShown(frame.room) === null;
    for (const message of frame.messages) {
      if (this.#cursors.history(frame.room, message.id) === REPEAT) continue;
      room.log.add(message);
      if (message.id > room.seen && this.#isNews(message)) this.#count(room, message);
    }
    if (isFirst && frame.messages.length && frame.messages[0].id > room.seen + 1)
      room.unread += frame.messages[0].id - room.seen - 1;
    if (room.log.first === 1 || room.last === 0) room.log.hasAll = true;
    if (!frame.more) this.#cursors.historyEnds(frame.room);
    if (!frame.more && room.unread && room.mark === null && room.name === this.current) room.mark = room.seen;
    this.#tell("log");
    this.#tell("rooms");
  }

  #message(frame) {
    const isReceipt = frame.by === this.me.tag && this.isMe(frame.from);
    if (isReceipt) this.outbox.received(frame.seq);
    const arrival = this.#cursors.live(frame.room, frame.id);
    const room = this.rooms.get(frame.room);
    if (arrival === JUMP) this.#enter(frame.room);
    if (arrival !== NEW || !room) return;
    room.last = frame.id;
    room.log.add(frame);
    this.spelling.set(frame.from.toLowerCase(), frame.from);
    if (this.#isNews(frame)) {
      this.#count(room, frame);
      this.#tell("news", frame);
    }
    this.#tell(frame.room === this.current ? "log" : "rooms");
  }

  #presence(frame) {
    const { joined = [], left = [], renamed = [] } = frame;
    for (const [old, name] of renamed) {
      this.spelling.set(name.toLowerCase(), name);
      if (this.isMe(old)) this.#becomes(name);
    }
    const room = this.rooms.get(frame.room);
    if (!room) return;
    room.members = frame.members ?? room.members;
    if (move(room, frame) && frame.room === this.current && room.members <= FEW) this.#tell("strangers");
    const others = (names) => names.filter((name) => !this.isMe(name) && !this.ignores(name));
    const news = { joined: others(joined), left: others(left), renamed };
    if (!room.name.startsWith("@") && Object.values(news).some((one) => one.length)) room.log.people(news);
    const out = left.some((name) => this.isMe(name)) && !joined.some((name) => this.isMe(name));
    if (out && !room.name.startsWith("@") && this.#cursors.isConfirmed(room.name)) {
      this.#giveUp(room.name);
      this.#tell("notice", `You are not in #${room.name} any more.`);
    }
    if (frame.room === this.current) this.#tell("log");
    this.#tell("people");
  }

  #becomes(name) {
    if (this.me.name === name) return;
    this.me.name = name;
    this.outbox.begin(name);
    const isOurs = (room) => !room.startsWith("@") || room.slice(1).split("+").includes(name.toLowerCase());
    for (const room of [...this.rooms.keys()]) if (!isOurs(room)) this.#giveUp(room);
    this.#tell("me");
  }

  #settings(frame) {
    const room = this.rooms.get(frame.room);
    if (!room) return;
    if (!this.features.includes("changes")) room.log.tell(change(room, frame));
    Object.assign(room, pick(frame, ["topic", "mode", "slow"]));
    this.#tell("room");
  }

  #notice(frame) {
    if (frame.password != null) this.me.password = frame.password;
    this.#tell("notice", frame.text);
  }

  #error(frame) {
    if (this.outbox.refused(frame) || this.#questions.refusedOne(frame)) return;
    this.#questions.refused();
    const room = NO_ENTRY.includes(frame.code) ? this.#cursors.refused() : null;
    if (room !== null) this.#giveUp(room);
    this.#tell("refused", frame);
  }
}
