// A room's log ends the same however it is read, and texts fall into pieces that can do no harm.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Log, changed, isBare, isSaid, mentions, pieces, reacted, standing } from "../../server_parts/web/page/log.js";

const said = (id, values = {}) => ({
  id,
  ts: 1000 + id,
  from: "ann",
  color: "blue",
  text: `text ${id}`,
  seq: id,
  ...values,
});
const texts = (log) => log.items.filter((item) => item.id).map((item) => item.text);

function logOf(...frames) {
  const log = new Log();
  for (const frame of frames) log.add(frame);
  return log;
}

test("messages stand in order, each once", () => {
  const log = logOf(said(1), said(2), said(2), said(3));
  assert.deepEqual(texts(log), ["text 1", "text 2", "text 3"]);
  assert.deepEqual([log.first, log.last], [1, 3]);
});

test("a change of the room stands among the messages, as a sentence of the server's", () => {
  const change = said(2, { text: "/me changed the topic to: tea", seq: 0, change: { topic: "tea" } });
  const log = logOf(said(1), change, said(3), said(4, { delete: 2 }));
  assert.deepEqual(log.items.map(isSaid), [true, false, true]);
  assert.equal(changed(change), "ann changed the topic to: tea");
  assert.equal(changed(log.find(2)), "ann changed this room (deleted)");
  assert.equal(standing(log.items, 2).head, true);
  assert.equal(
    changed({ from: "bob", change: { topic: "", mode: "open", slow: 5 } }),
    "bob removed the topic; set the mode to open; set slow mode to one message in 5 s",
  );
  assert.equal(changed({ from: "bob", change: { slow: 0 } }), "bob ended slow mode");
  assert.equal(changed({ from: "bob", change: {} }), "bob changed this room");
});

test("what only looks like a change of the room is a message", () => {
  assert.ok(isSaid(said(1, { text: "/me changed the topic to: tea" })));
});

test("a correction changes the text, and is no message of its own", () => {
  const log = logOf(said(1), said(2, { edit: 1, text: "better", ts: 2000 }));
  assert.deepEqual(texts(log), ["better"]);
  assert.equal(log.find(1).edited, 2000);
  assert.ok(log.touched.has(log.find(1)));
});

test("a correction that was replaced is read empty, and changes nothing", () => {
  const log = logOf(said(1), said(2, { edit: 1, text: "" }), said(3, { edit: 1, text: "", deleted: true }));
  assert.deepEqual(texts(log), ["text 1"]);
  assert.equal(log.find(1).edited, undefined);
});

test("a file without a caption is shown without a text, until it gets one; a deletion takes it away", () => {
  const log = logOf(said(1, { text: "a.pdf (1 KB)", file: { id: "x", bare: true } }));
  assert.ok(isBare(log.items[0]));
  log.add(said(2, { edit: 1, text: "the plan", ts: 2000 }));
  assert.deepEqual([isBare(log.items[0]), log.items[0].text], [false, "the plan"]);
  log.add(said(3, { delete: 1 }));
  assert.equal(log.items[0].file, undefined);
  assert.ok(!isBare(said(1)));
});

test("a deletion takes text and reactions away, for good", () => {
  const log = logOf(said(1), said(2, { react: 1, text: "👍" }), said(3, { delete: 1 }));
  log.add(said(4, { react: 1, text: "🎉" }));
  log.add(said(5, { edit: 1, text: "back" }));
  assert.deepEqual([log.find(1).text, log.find(1).deleted, log.find(1).reactions], ["", true, {}]);
});

test("the event of a deletion and its entry mean the same", () => {
  const log = logOf(said(1));
  log.erase(1);
  log.touched.clear();
  log.add(said(2, { delete: 1 }));
  assert.equal(log.find(1).deleted, true);
  assert.equal(log.touched.size, 0);
});

test("a person has one reaction, whatever the case of the name", () => {
  assert.deepEqual(reacted({ "👍": ["Ann", "bob"] }, "ann", "🎉"), { "👍": ["bob"], "🎉": ["ann"] });
  assert.deepEqual(reacted({ "👍": ["ann"] }, "ann", ""), {});
  assert.deepEqual(reacted({ "👍": ["ann"] }, "ann", "/me took back the reaction to message #1"), {});
});

for (const word of ["constructor", "__proto__", "toString"])
  test(`a reaction may be the word ${word}`, () => {
    const log = logOf(said(1), said(2, { react: 1, text: word }), said(3, { react: 1, text: word, from: "bob" }));
    assert.deepEqual(Object.entries(log.find(1).reactions), [[word, ["ann", "bob"]]]);
    assert.deepEqual(Object.entries(reacted(log.find(1).reactions, "ann", "")), [[word, ["bob"]]]);
  });

test("entries about messages that are not here change nothing", () => {
  assert.deepEqual(texts(logOf(said(7), said(8, { edit: 3, text: "x" }), said(9, { react: 3, text: "y" }))), [
    "text 7",
  ]);
});

test("an older page comes as it is now, and its entries are not applied again", () => {
  const log = logOf(said(9));
  log.prepend([said(1, { reactions: { "🎉": ["bob"] } }), said(2, { react: 1, text: "👍", from: "bob" })]);
  assert.deepEqual(log.find(1).reactions, { "🎉": ["bob"] });
  assert.deepEqual(texts(log), ["text 1", "text 9"]);
});

test("the log is the same from whatever id it is resumed", () => {
  const all = [
    said(1),
    said(2),
    said(3, { react: 1, text: "👍", from: "bob" }),
    said(4, { edit: 2, text: "new" }),
    said(5, { react: 1, text: "🎉", from: "Bob" }),
    said(6, { delete: 2 }),
    said(7),
    said(8, { reply: 1 }),
    said(9, { change: { topic: "tea" } }),
    said(10, { change: { topic: "" }, from: "bob" }),
    said(11, { delete: 9 }),
  ];
  const whole = logOf(...all);
  for (let cut = 0; cut <= all.length; cut += 1) {
    const log = logOf(...all.slice(0, cut));
    for (const frame of all.slice(cut)) log.add(frame);
    assert.deepEqual(log.items, whole.items);
    assert.deepEqual([log.find(9).change, log.find(10).change], [{}, { topic: "" }]);
  }
});

test("no more than 5,000 messages and a few are kept", () => {
  const log = new Log();
  for (let id = 1; id <= 12000; id += 1) log.add(said(id));
  assert.ok(log.items.length <= 5100 && log.items.length >= 5000, `${log.items.length}`);
  assert.equal(log.last, 12000);
  assert.equal(log.find(1), null);
});

test("reading far back lets go of the newest, and the way forward brings them again", () => {
  const log = new Log();
  for (let id = 6001; id <= 9000; id += 1) log.add(said(id));
  log.prepend(Array.from({ length: 3000 }, (_, index) => said(3001 + index)));
  assert.equal(log.isLive, false);
  assert.equal(log.items.length, 5000);
  log.add(said(9001));
  assert.equal(log.last, 8000);
  log.append([said(8001), said(8002)], true);
  log.add(said(8003));
  assert.equal(log.last, 8003);
});

test("comings and goings between two texts are one note", () => {
  const log = logOf(said(1));
  log.people({ joined: ["bob", "eve"] });
  log.people({ left: ["bob"] });
  log.people({ left: ["ann"] });
  log.people({ joined: ["ann"], renamed: [["eve", "eva"]] });
  assert.deepEqual(log.items.at(-1), { note: "people", joined: ["eve"], left: [], renamed: [["eve", "eva"]] });
  log.add(said(2));
  log.people({ left: ["eva"] });
  assert.equal(log.items.filter((item) => item.note).length, 2);
});

test("a day and a sender are told once", () => {
  const after = (...items) => standing(items, items.length - 1);
  const [first, second, note] = [said(1), said(2), { note: "people" }];
  assert.deepEqual(after(first), { day: true, head: true });
  assert.deepEqual(after(note, first), { day: true, head: true });
  assert.deepEqual(after(first, second), { day: false, head: false });
  assert.deepEqual(after(first, note, second), { day: false, head: true });
  assert.deepEqual(after(second, said(3, { from: "bob" })), { day: false, head: true });
  assert.deepEqual(after(second, said(3, { ts: second.ts + 400 })), { day: false, head: true });
  assert.deepEqual(after(second, note, said(3, { ts: second.ts + 86400 })), { day: true, head: true });
  assert.deepEqual(after(second, said(3, { reply: 1 })), { day: false, head: true });
  assert.deepEqual(after(first, note), { day: false, head: false });
});

test("a name counts as a whole word only", () => {
  for (const text of ["ann", "hi Ann!", "(ANN)", "ann's"]) assert.ok(mentions("ann", text), text);
  for (const text of ["anna", "joann", "ann-b", "änn", ""]) assert.ok(!mentions("ann", text), text);
  assert.ok(mentions("a.b", "hi a.b") && !mentions("a.b", "hi axb"));
});

test("only http and https are links, without what ends the sentence", () => {
  assert.deepEqual(pieces("see https://a.example/x_(y)."), [
    { text: "see " },
    { link: "https://a.example/x_(y)" },
    { text: "." },
  ]);
  assert.deepEqual(pieces("(http://a.example/)"), [{ text: "(" }, { link: "http://a.example/" }, { text: ")" }]);
  for (const text of ["javascript:alert(1)", "data:text/html,x", "file:///etc", "https://", "ftp://a.example"])
    assert.deepEqual(pieces(text), [{ text }], text);
});

test("code stays as it is", () => {
  assert.deepEqual(pieces("run `a https://b.example` now"), [
    { text: "run " },
    { code: "a https://b.example" },
    { text: " now" },
  ]);
  assert.deepEqual(pieces("so:\n```js\nlet a;\n```\nyes"), [{ text: "so:" }, { block: "let a;" }, { text: "yes" }]);
  assert.deepEqual(pieces("```\na\n```\n```\nb\n```"), [{ block: "a" }, { block: "b" }]);
  assert.deepEqual(pieces("a ` b\nc ``"), [{ text: "a ` b\nc ``" }]);
});

test("the pieces of a text without code are the text", () => {
  for (const text of ["", "a", "a\nb", "<b>&amp;</b>", "http://x http://y", "a `b", "`", "https://[", "``` x"])
    assert.equal(
      pieces(text)
        .map((piece) => piece.text ?? piece.link)
        .join(""),
      text,
    );
});

test("long texts without end are cut up quickly", () => {
  const began = performance.now();
  for (const sign of ["`", "```\n", "http://", "(", "https://a.example/)", "a_", "*"])
    pieces(sign.repeat(5000).slice(0, 5000));
  assert.ok(performance.now() - began < 500);
});
