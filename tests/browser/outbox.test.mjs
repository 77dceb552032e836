// Texts on their way, with a server that cannot take them: how often they go out again, and what is said of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../server_parts/web/page/outbox.js";

const PAUSE = 2000;

function outboxOnline() {
  const [sent, told] = [[], []];
  const kept = { get: () => null, set: () => {} };
  const link = { state: "online", send: (frame) => sent.push(frame) };
  const outbox = new Outbox({ id: "s" }, kept, () => link, (what, about) => what === "notice" && told.push(about));
  const refuse = (text) => {
    for (const { seq } of sent.splice(0)) outbox.refused({ type: "error", code: "storage_unavailable", seq, text });
  };
  return { outbox, sent, told, refuse };
}

test("each text goes out once after each pause, however many were refused together", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, sent, refuse } = outboxOnline();
  for (const text of ["one", "two", "three"]) outbox.add("lobby", text);
  for (let round = 0; round < 5; round += 1) {
    assert.deepEqual(sent.map((say) => say.text), ["one", "two", "three"]);
    refuse("the database is away");
    assert.equal(sent.length, 0);
    mock.timers.tick(PAUSE);
  }
});

test("it is said once for a text, as long as the reason is the same", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, told, refuse } = outboxOnline();
  outbox.add("lobby", "one");
  for (const reason of ["the database is away", "the database is away", "too fast"]) {
    refuse(reason);
    mock.timers.tick(PAUSE);
  }
  assert.deepEqual(told, [
    "Not delivered yet: the database is away. Trying again…",
    "Not delivered yet: too fast. Trying again…",
  ]);
});

test("what goes out on a new connection does not go out again after the pause of the old one", ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const { outbox, sent, refuse } = outboxOnline();
  outbox.add("lobby", "one");
  refuse("the database is away");
  outbox.disconnected();
  outbox.connected("ann", 0);
  outbox.pump();
  mock.timers.tick(PAUSE);
  assert.deepEqual(sent.map((say) => say.text), ["one"]);
});
