// Files on their way, without a browser: slices, losses, refusals, order; and where files are fetched.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Addresses, isPicture, problem, units } from "../../server_parts/web/page/files.js";
import { Uploads } from "../../server_parts/web/page/uploads.js";

const MB = 1024 * 1024;
const settle = () => new Promise((resolve) => setImmediate(resolve));

async function until(isSo) {
  for (let turn = 0; turn < 500 && !isSo(); turn += 1) await settle();
  assert.ok(isSo(), "that did not come");
}

class FileOfZeros extends Blob {
  constructor(name, size) {
    super([new Uint8Array(size)]);
    this.name = name;
  }
}

// A server that takes what it is sent; `refuse(request)` and `lose(number)` make it do otherwise.
class Server {
  said = [];
  dropped = [];
  kept = [];
  asked = [];
  files = new Map(); // id → {size, offset}
  patches = 0;
  refuse = () => null;
  lose = () => false;
  isThere = true;
  hold = null;

  constructor() {
    this.uploads = new Uploads({
      ask: async (request) => this.#answer(request),
      patch: async (...all) => this.#patch(...all),
      say: (item) => this.said.push({ id: item.id, name: item.name, text: item.text, room: item.room, ...item.about }),
      keep: (items) => (this.kept = items.map((one) => one.ref)),
      forget: () => {},
      drop: (item) => this.dropped.push(item.id),
      changed: () => {},
    });
  }

  #answer(request) {
    this.asked.push(request);
    if (!this.isThere) return null;
    const refusal = this.refuse(request);
    if (refusal) return { type: "error", ref: request.ref, text: refusal, code: refusal };
    const id = request.id ?? `id-${this.files.size + 1}`;
    if (request.id && !this.files.has(id)) return { type: "error", ref: request.ref, code: "no_such_file", text: "gone" };
    if (!request.id) this.files.set(id, { size: request.size, offset: 0 });
    return { type: "upload", ref: request.ref, id, url: `/files/${id}?t=x`, offset: this.files.get(id).offset };
  }

  async #patch(url, offset, blob) {
    this.patches += 1;
    if (this.hold) await this.hold;
    const file = this.files.get(/\/files\/([^?]+)/.exec(url)[1]);
    if (file.answer) return file.answer;
    if (!this.isThere || this.lose(this.patches)) return null;
    if (offset !== file.offset) return { status: 409, offset: file.offset, text: "" };
    file.offset += blob.size;
    return { status: file.offset === file.size ? 201 : 204, offset: file.offset, text: "" };
  }
}

test("a file goes in slices and is said once, with its text", async () => {
  const server = new Server();
  server.uploads.add([new FileOfZeros("a.bin", 9 * MB)], "lobby", "look", { reply: 3 });
  await until(() => server.said.length);
  assert.equal(server.patches, 3);
  assert.deepEqual(server.said, [{ id: "id-1", name: "a.bin", text: "look", room: "lobby", reply: 3 }]);
  assert.deepEqual([server.uploads.items, server.kept], [[], []]);
});

test("several keep their order, and only the first has the text", async () => {
  const server = new Server();
  server.uploads.add([5 * MB, 1, 2].map((size) => new FileOfZeros(`${size}`, size)), "lobby", "three");
  await until(() => server.said.length === 3);
  assert.deepEqual(
    server.said.map((one) => [one.name, one.text]),
    [[`${5 * MB}`, "three"], ["1", ""], ["2", ""]],
  ); // prettier-ignore
});

test("a large one does not hold up what is sent later", async () => {
  const server = new Server();
  let release;
  server.hold = new Promise((resolve) => (release = resolve));
  server.uploads.add([new FileOfZeros("large", 5 * MB)], "lobby", "");
  await until(() => server.patches === 1);
  server.hold = null;
  server.uploads.add([new FileOfZeros("small", 1)], "lobby", "");
  await until(() => server.said.length);
  assert.equal(server.said[0].name, "small");
  release();
  await until(() => server.said.length === 2);
});

test("after a loss it goes on where the server says, when there is a connection", async () => {
  const server = new Server();
  server.lose = (number) => number === 2;
  server.uploads.add([new FileOfZeros("a", 9 * MB)], "lobby", "");
  await until(() => server.uploads.items[0]?.state === "paused");
  server.uploads.wake();
  await until(() => server.said.length);
  assert.deepEqual(server.asked.map((one) => one.id), [undefined, "id-1"]);
  assert.equal(server.patches, 4);
});

test("what the server has is not sent again, whatever this page believed", async () => {
  const server = new Server();
  server.lose = (number) => number === 1 && (server.files.get("id-1").offset = 4 * MB); // it came, the answer did not
  server.uploads.add([new FileOfZeros("a", 9 * MB)], "lobby", "");
  await until(() => server.uploads.items[0]?.state === "paused");
  server.uploads.wake();
  await until(() => server.said.length);
  assert.equal(server.files.get("id-1").offset, 9 * MB);
  assert.equal(server.said.length, 1);
});

test("without a server it waits", async () => {
  const server = new Server();
  server.isThere = false;
  server.uploads.add([new FileOfZeros("a", 1)], "lobby", "");
  await until(() => server.uploads.items[0]?.state === "paused");
  server.isThere = true;
  server.uploads.wake();
  await until(() => server.said.length);
});

test("a refusal is told, and can be tried again", async () => {
  const server = new Server();
  server.refuse = () => "file_too_large";
  const [item] = server.uploads.add([new FileOfZeros("a", 1)], "lobby", "");
  await until(() => item.state === "failed");
  assert.equal(item.why, "File_too_large.");
  server.refuse = () => null;
  server.uploads.retry(item);
  await until(() => server.said.length);
});

test("a file that is refused when it is complete begins anew, if at all", async () => {
  const server = new Server();
  const [item] = server.uploads.add([new FileOfZeros("a", 1)], "lobby", "");
  await until(() => server.files.size || item.id);
  server.files.get("id-1").answer = { status: 403, offset: null, text: "No viruses.\n" };
  await until(() => item.state === "failed");
  assert.deepEqual([item.why, item.id], ["No viruses.", null]);
});

test("where only a few may be under way, the next waits until one is said", async () => {
  const server = new Server();
  let release;
  server.hold = new Promise((resolve) => (release = resolve));
  server.refuse = (request) => (server.files.size && !server.said.length && !request.id ? "quota" : null);
  server.uploads.add([new FileOfZeros("first", 1)], "lobby", "");
  await until(() => server.patches === 1);
  server.uploads.add([new FileOfZeros("second", 1)], "lobby", "");
  await until(() => server.asked.length === 2);
  await settle();
  assert.equal(server.uploads.items[1].state, "waiting");
  server.hold = null;
  release();
  await until(() => server.said.length === 2);
});

test("where nothing else is under way, a quota is told", async () => {
  const server = new Server();
  server.refuse = () => "quota";
  const [item] = server.uploads.add([new FileOfZeros("a", 1)], "lobby", "");
  await until(() => item.state === "failed");
});

test("what is cancelled is not said, and the next goes on", async () => {
  const server = new Server();
  let release;
  server.hold = new Promise((resolve) => (release = resolve));
  const [first] = server.uploads.add([new FileOfZeros("a", 9 * MB), new FileOfZeros("b", 1)], "lobby", "");
  await until(() => server.patches === 1);
  server.hold = null;
  server.uploads.cancel(first);
  await until(() => server.said.length);
  release();
  await settle();
  assert.deepEqual([server.said.map((one) => one.name), server.patches], [["b"], 2]);
  assert.deepEqual(server.dropped, ["id-1"]);
});

test("what is cancelled while its place is asked for leaves none behind", async () => {
  const server = new Server();
  const [item] = server.uploads.add([new FileOfZeros("a", 1)], "lobby", "");
  server.uploads.cancel(item);
  await until(() => server.dropped.length);
  assert.deepEqual([server.dropped, server.said, server.patches], [["id-1"], [], 0]);
});

test("a file that can no longer be read is told of", async () => {
  const server = new Server();
  server.lose = () => true;
  const file = new FileOfZeros("a", 1);
  file.slice = () => ({ size: 1, slice: () => ({ arrayBuffer: () => Promise.reject(new Error("NotReadable")) }) });
  const [item] = server.uploads.add([file], "lobby", "");
  await until(() => item.state === "failed");
  assert.match(item.why, /^a cannot be read any more/);
});

test("an earlier page's file goes on; without it, that is told; what the server does not know is not said twice", async () => {
  const server = new Server();
  server.files.set("id-1", { size: 2, offset: 1 });
  const left = { batch: "x", room: "lobby", text: "", about: {}, size: 2 };
  server.uploads.restore([
    { ...left, ref: "1", name: "a", id: "id-1", file: new FileOfZeros("a", 2) },
    { ...left, ref: "2", name: "b", id: "id-2", file: new FileOfZeros("b", 2), batch: "y" },
    { ...left, ref: "3", name: "c", id: null, file: null },
  ]);
  await until(() => server.said.length && server.uploads.items.every((one) => one.state === "failed"));
  assert.deepEqual(server.said.map((one) => one.name), ["a"]);
  const [b, c] = server.uploads.items;
  assert.match(b.why, /perhaps it was said already/);
  assert.match(c.why, /choose it again/);
});

test("sizes are said as people say them, and limits before a byte is sent", () => {
  assert.deepEqual([1, 1023, 1024, 1300000, 104857600].map(units), ["1 byte", "1023 bytes", "1 KB", "1.2 MB", "100 MB"]);
  assert.equal(problem({ name: "a", size: 1 }, 1), null);
  assert.equal(problem({ name: "a", size: 2 }, 1), "a has 2 bytes; this server takes files of up to 1 byte.");
  assert.equal(problem({ name: "a", size: 0 }, 1), "a is empty.");
  assert.equal(problem({ name: "a", size: 1 }, null), "This server takes no files.");
});

test("only pictures of known kinds and sizes are shown", () => {
  const shown = { mime: "image/png", width: 1, height: 1 };
  assert.ok(isPicture(shown));
  assert.ok(isPicture({ ...shown, width: 8000, height: 8000 }));
  for (const other of [{ mime: "image/svg+xml" }, { mime: "text/html" }, { width: 0 }, { height: undefined }])
    assert.ok(!isPicture({ ...shown, ...other }));
  assert.ok(!isPicture({ ...shown, width: 65535, height: 65535 }), "it would take all memory");
});

function addresses(expires) {
  const asked = [];
  const all = new Addresses(async ({ id }) => (asked.push(id), { id, url: `/files/${id}/n?t=${asked.length}`, expires }));
  return [all, asked];
}

const LOBBY = { name: "lobby", mode: "open" };
const file = (id) => ({ id, name: "a b&c.png" });

test("in an open room one file is asked for, and then none", async () => {
  const [all, asked] = addresses(null);
  await Promise.all(["1", "2", "3"].map((id) => all.of(LOBBY, file(id))));
  assert.equal(await all.of(LOBBY, file("4")), "/files/4/a%20b%26c.png");
  assert.deepEqual(asked, ["1"]);
});

test("elsewhere each is asked for once, in private always", async () => {
  const [all, asked] = addresses(1);
  for (const id of ["1", "2", "1"]) await all.of(LOBBY, file(id));
  assert.deepEqual(asked, ["1", "2"]);
  assert.equal(await all.of({ name: "@a+b" }, file("3")), "/files/3/n?t=3");
  all.forget(LOBBY, file("1"));
  await all.of(LOBBY, file("1"));
  assert.deepEqual(asked, ["1", "2", "3", "1"]);
});

test("an address of another place is none", async () => {
  const all = new Addresses(async ({ id }) => ({ id, url: "https://example.org/files/", expires: 1 }));
  assert.equal(await all.of(LOBBY, file("1")), null);
});
