// What opens above the page: where to go, whom to write to, what to find; and with it everything about people and oneself.
//
// Each function gets the page.

import { units } from "./files.js";
import { asSentence, count, date } from "./view.js";
import { choose, form } from "./windows.js";

export * from "./people.js";
export * from "./settings.js";

// What the server wants to hear a second time.
export async function confirm(page, text) {
  const { last } = page.chat;
  if (last && (await form("Are you sure?", "Yes, do it", [], asSentence(text))))
    page.chat.order({ ...last, sure: true });
}

export function switcher(page) {
  const { chat } = page;
  choose("Go to", "Room or person", (words) => {
    const fits = (text) => text.toLowerCase().includes(words.toLowerCase().replace(/^[#@]/, ""));
    const rooms = [...chat.rooms.values()]
      .filter((room) => fits(chat.title(room.name)))
      .sort((a, b) => b.mentions - a.mentions || b.unread - a.unread);
    const rows = rooms.map((room) => [
      (room.name.startsWith("@") ? "" : "# ") + chat.title(room.name),
      room.unread ? `${room.unread} unread` : "",
      () => chat.open(room.name),
    ]);
    const people = [...(page.room.people?.values() ?? [])].filter(
      (one) => fits(one.name) && !chat.isMe(one.name) && !chat.rooms.has(chat.privateRoom(one.name)),
    );
    rows.push(
      ...people.slice(0, 30).map((one) => [one.name, "write privately", () => chat.open(chat.privateRoom(one.name))]),
    );
    if (words && !chat.rooms.has(roomName(words)))
      rows.push([`# ${roomName(words)}`, "join this room", () => chat.open(roomName(words))]);
    return rows;
  });
}

export function directory(page) {
  choose(
    "Join a room",
    "Name of a room, also a new one",
    async (words) => {
      const frame = await page.chat.ask({ type: "rooms", prefix: roomName(words), limit: 100 });
      const rows = (frame?.rooms ?? [])
        .filter((one) => !one.room.startsWith("@"))
        .map((one) => [
          `# ${one.room}`,
          `${count(one.members, "person").replace("persons", "people")} · ${count(one.last, "message")}`,
          () => page.chat.open(one.room),
        ]);
      const name = roomName(words);
      if (name && !frame?.rooms.some((one) => one.room === name))
        rows.push([`# ${name}`, "new room", () => page.chat.open(name)]);
      return rows;
    },
    150,
  );
}

const roomName = (words) =>
  words
    .toLowerCase()
    .replace(/^#/, "")
    .replace(/\s+/g, "-")
    .replace(/[^a-z0-9_.-]/g, "")
    .slice(0, 64);

export function someone(page) {
  const { chat } = page;
  choose("Write to somebody", "Name", async (words) => {
    const frame = await chat.ask({ type: "who", limit: 200 });
    const fits = (text) => text?.toLowerCase().includes(words.toLowerCase());
    const people = (frame?.members ?? []).filter(
      (one) => !chat.isMe(one.name) && (fits(one.name) || fits(one.realname)),
    );
    const rows = people.map((one) => [
      one.name,
      [one.realname, one.away].filter(Boolean).join(" · "),
      () => chat.open(chat.privateRoom(one.name)),
    ]);
    if (!rows.length && /^[a-z0-9][\w.-]{0,31}$/i.test(words))
      rows.push([words, "not here now", () => chat.open(chat.privateRoom(words))]);
    return rows;
  });
}

export function search(page, begin = "") {
  const { chat } = page;
  choose(
    "Search messages",
    'Beginnings of words, "exact words", from:name, in:room',
    async (text) => {
      if (!text) return [];
      const request = {
        type: "search",
        text,
        limit: 50,
        utc_offset: -new Date().getTimezoneOffset(),
        without: chat.ignored().slice(0, 100),
      };
      const frame = await chat.ask(request, "results", (one) => one.text === text);
      if (!frame) return [["Nothing was found.", ""]];
      const rows = frame.messages.map((one) => [
        `${one.from}: ${one.text}`,
        `${one.room.startsWith("@") ? chat.title(one.room) : `#${one.room}`} · ${date(one.ts)}`,
        () => goTo(page, one),
      ]);
      return rows.length ? rows : [["Nothing was found.", ""]];
    },
    250,
    begin,
  );
}

export function fileList(page) {
  const { chat, room } = page;
  const asked = chat.ask({ type: "files", room: chat.wireTo(room.name), limit: 200 }, "files");
  choose(`Files in ${chat.title(room.name)}`, "Name of a file or person", async (words) => {
    const fits = (text) => text.toLowerCase().includes(words.toLowerCase());
    const files = ((await asked)?.files ?? []).filter((one) => fits(one.name) || fits(one.from));
    const rows = files.map((one) => [
      one.name,
      `${units(one.size)} · ${one.from} · ${date(one.ts)}`,
      () => goTo(page, { room: room.name, id: one.message }),
    ]);
    return rows.length ? rows : [["There are no files.", ""]];
  });
}

async function goTo(page, message) {
  page.chat.open(message.room);
  page.chat.rooms.get(message.room).mark = null;
  await page.jump(message.id);
}
