// What outlives the page: records whose names may be any word.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Kept } from "../../server_parts/web/page/link.js";

const STRANGE = ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"];

test("a name that every object knows is not there before it is set", () => {
  const kept = new Kept();
  kept.set("seen", {});
  for (const name of STRANGE) assert.equal(kept.entry("seen", name), null);
  assert.equal(kept.entry("nothing", "constructor"), null);
});

test("such a name is kept, over JSON too, and taken away again", () => {
  const kept = new Kept();
  for (const [index, name] of STRANGE.entries()) kept.setEntrySoon("seen", name, index);
  kept.flush();
  const again = new Kept();
  again.set("seen", JSON.parse(JSON.stringify(kept.get("seen"))));
  assert.deepEqual(STRANGE.map((name) => again.entry("seen", name)), [0, 1, 2, 3, 4]);
  for (const name of STRANGE) again.setEntrySoon("seen", name, null);
  again.flush();
  assert.deepEqual(Object.keys(again.get("seen")), []);
});
