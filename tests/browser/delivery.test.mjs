// The page's bookkeeping keeps the promises of the terminal client's: the same cases, and a server of its own to doubt.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Cursors, JUMP, NEW, Outgoing } from "../../server_parts/web/page/delivery.js";

const CASES = JSON.parse(readFileSync(new URL("../client/conversation/delivery_cases.json", import.meta.url), "utf8"));

const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
const bare = (value) =>
  value && value.seq ? [value.seq, value.room, value.text] : Array.isArray(value) ? value.map(bare) : value;

function everything(outgoing) {
  const says = [];
  for (let say = outgoing.next(); say; say = outgoing.next()) says.push(say);
  return says;
}

function play(subject, steps) {
  for (const [operation, values, expected] of steps) {
    const given = operation === "everything" ? everything(subject) : subject[camel(operation)](...values);
    if (expected !== undefined) assert.deepEqual(bare(given), expected, `${operation}(${values})`);
  }
}

for (const { shows, steps } of CASES.outgoing) test(shows, () => play(new Outgoing(), steps));
for (const { shows, steps } of CASES.cursors) test(shows, () => play(new Cursors(), steps));

test("a wrong expectation is noticed", () => {
  assert.throws(() =>
    play(new Outgoing(), [
      ["connected", [0]],
      ["add", ["lobby", "a"]],
      ["everything", [], []],
    ]),
  );
});

test("only a window is on its way, and each receipt lets another out", () => {
  const outgoing = new Outgoing();
  outgoing.connected(0);
  for (let number = 0; number < 50; number += 1) outgoing.add("lobby", "x".repeat(5000));
  const first = everything(outgoing);
  assert.ok(first.length > 0 && first.length < 10);
  outgoing.delivered(1);
  assert.deepEqual(
    everything(outgoing).map((say) => say.seq),
    [first.length + 1],
  );
});

test("what an earlier page left behind goes out under its own numbers", () => {
  const outgoing = new Outgoing();
  outgoing.restore(
    [
      { seq: 4, room: "lobby", text: "a" },
      { seq: 5, room: "lobby", text: "b" },
    ],
    5,
  );
  outgoing.connected(4);
  assert.deepEqual(
    everything(outgoing).map((say) => [say.seq, say.text]),
    [[5, "b"]],
  );
  outgoing.add("lobby", "c", { reply: 7 });
  assert.deepEqual(everything(outgoing), [{ seq: 6, room: "lobby", text: "c", reply: 7 }]);
});

test("a text that is typed before the server answers gets a number of its own", () => {
  const outgoing = new Outgoing();
  outgoing.restore([], 7);
  outgoing.add("lobby", "early");
  outgoing.connected(7);
  assert.deepEqual(
    everything(outgoing).map((say) => [say.seq, say.text]),
    [[8, "early"]],
  );
});

// --- any order of events ---

// Numbers that look random and are the same in every run.
function* dice(seed) {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

class ModelServer {
  accepted = 0;
  log = [];
  answers = [];
  full = false;

  take(say) {
    if (say.seq <= this.accepted) this.answers.push(["ack", say.seq]);
    else if (say.seq > this.accepted + 1) this.answers.push(["bad_seq", this.accepted]);
    else if (this.full) this.answers.push(["storage", say.seq]);
    else {
      this.accepted = say.seq;
      if (!say.text.startsWith("!")) this.log.push(say.text);
      this.answers.push(["message", say.seq]);
    }
  }
}

function answer(outgoing, [kind, number]) {
  if (kind === "bad_seq") outgoing.outOfStep(number);
  else if (kind === "storage") outgoing.hold();
  else outgoing.delivered(number);
}

// The page is closed at any moment: what a new one reads is what was kept last.
function reloaded(outgoing) {
  const next = new Outgoing();
  next.restore(JSON.parse(JSON.stringify(outgoing.texts())), outgoing.newest);
  return next;
}

test("every text arrives once and in order, whatever is cut, refused, held or reloaded", () => {
  const events = [
    "type",
    "type",
    "type",
    "type!",
    "send",
    "send",
    "answer",
    "answer",
    "cut",
    "disk",
    "release",
    "reload",
  ];
  for (let run = 1; run <= 400; run += 1) {
    const random = dice(run);
    const pick = (list) => list[Math.floor(random.next().value * list.length)];
    let outgoing = new Outgoing();
    outgoing.connected(0);
    const server = new ModelServer();
    const typed = [];
    for (let number = 0; number < 80; number += 1) {
      const event = pick(events);
      if (event.startsWith("type")) {
        typed.push(event.slice(4) + number);
        outgoing.add("lobby", typed.at(-1));
      } else if (event === "send") {
        const say = outgoing.next();
        if (say) server.take(say);
      } else if (event === "answer" && server.answers.length) answer(outgoing, server.answers.shift());
      else if (event === "cut" || event === "reload") {
        server.answers = [];
        if (event === "reload") outgoing = reloaded(outgoing);
        else outgoing.disconnected();
        typed.push(`early ${number}`);
        outgoing.add("lobby", typed.at(-1));
        outgoing.connected(server.accepted);
      } else if (event === "disk") server.full = !server.full;
      else if (event === "release" && outgoing.held) outgoing.release();
    }
    server.full = false;
    for (let round = 0; round < 1000 && outgoing.length; round += 1) {
      everything(outgoing).forEach((say) => server.take(say));
      while (server.answers.length) answer(outgoing, server.answers.shift());
      if (outgoing.held) outgoing.release();
    }
    assert.deepEqual(
      server.log,
      typed.filter((text) => !text.startsWith("!")),
      `run ${run}`,
    );
    assert.equal(outgoing.length, 0);
  }
});

test("every message is shown once and in order, over any number of cuts and lost messages", () => {
  for (let run = 1; run <= 300; run += 1) {
    const random = dice(run);
    const cursors = new Cursors(["lobby"]);
    cursors.connected("e1");
    cursors.joined("lobby", 3);
    cursors.historyEnds("lobby");
    let log = 3;
    const shown = [];
    const resume = () => {
      const after = cursors.positions().lobby ?? 0;
      cursors.joined("lobby", log);
      for (let id = after + 1; id <= log; id += 1) if (cursors.history("lobby", id) === NEW) shown.push(id);
      cursors.historyEnds("lobby");
    };
    for (let number = 0; number < 60; number += 1) {
      const event = Math.floor(random.next().value * 3);
      if (event === 0) {
        cursors.connected("e1");
        resume();
        continue;
      }
      log += 1;
      if (event === 1) {
        const arrival = cursors.live("lobby", log);
        if (arrival === NEW) shown.push(log);
        else if (arrival === JUMP) resume();
      }
    }
    cursors.connected("e1");
    resume();
    assert.deepEqual(
      shown,
      Array.from({ length: log - 3 }, (_, index) => index + 4),
      `run ${run}`,
    );
  }
});
