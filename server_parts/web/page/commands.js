// What a line that begins with a slash means: one row for each command. The same words as in the terminal.

const room = (page) => page.chat.current;
const bare = (text) => text.replace(/^[#@[]+|\]$/g, "");
const split = (words) => [words.split(/\s+/, 1)[0], words.replace(/^\S*\s*/, "")];

class Usage extends Error {} // what to say instead of how the command is written, if anything

function needed(words) {
  if (!words) throw new Usage();
  return words;
}

// `90s`, `10m`, `2h`, `1d` or `2w` in seconds, or null.
function duration(word) {
  const [, number, unit] = /^(\d{1,8})([smhdw])$/.exec(word) ?? [];
  return unit ? number * { s: 1, m: 60, h: 3600, d: 86400, w: 604800 }[unit] : null;
}

// A request about this room, or with `-s` about the whole server.
function scoped(page, words) {
  const everywhere = /^-s(\s|$)/.test(words);
  return [everywhere ? {} : { room: room(page) }, everywhere ? words.slice(2).trim() : words];
}

// NAME [TIME] [REASON]
function sentence(type, hasTime = true) {
  return (page, words) => {
    const [where, rest] = scoped(page, words);
    const [name, more] = split(needed(rest));
    const seconds = hasTime ? duration(split(more)[0]) : null;
    const reason = seconds === null ? more : split(more)[1];
    const who =
      type.endsWith("ban") && /[:/]|^\d+\.\d+\.\d+\.\d+$/.test(name) ? { address: name } : { name: bare(name) };
    page.chat.order({ type, ...where, ...who, ...(seconds && { for: seconds }), ...(reason && { reason }) });
  };
}

const lifting = (type) => (page, words) => {
  const [where, name] = scoped(page, words);
  page.chat.order({ type, ...where, name: bare(needed(name)) });
};

const records = (type) => (page, words) => page.panels.list(page, type, scoped(page, words)[0]);

const number = (word) => Number(needed(/^\d{1,15}$/.exec(bare(word))?.[0]));

const isNumber = (word) => /^\[?#?\d{1,15}\]?$/.test(word);

// --- Entries about another message: the one with that number, or else the last ---

async function last(page, which, what) {
  const { chat } = page;
  if (!page.room) throw new Usage("You are in no room; /join ROOM enters one.");
  await chat.past.toEnd(page.room);
  if (which.isOwn && chat.isSaying())
    throw new Usage("Your last message is still on its way; try again when it has arrived.");
  const found = chat.lastSaid(which);
  if (found) return found;
  throw new Usage(`There is no message ${which.isOwn ? "of yours" : "of anybody else"} here to ${what}.`);
}

async function answer(page, words) {
  const [word, text] = split(needed(words));
  if (isNumber(word) && text) return page.say(text, { reply: number(word) });
  const { id } = await last(page, {}, "answer");
  const theirs = text ? page.chat.lastSaid({ name: bare(word) }) : null;
  page.say(theirs ? text : words, { reply: theirs?.id ?? id });
}

async function edit(page, words) {
  const [word, text] = split(words);
  if (isNumber(word) && text) return page.say(text, { edit: number(word) });
  const item = await last(page, { isOwn: true }, "correct");
  if (words) page.say(words, { edit: item.id });
  else page.about({ edit: item });
}

async function remove(page, words) {
  const id = words ? number(words) : (await last(page, { isOwn: true }, "delete")).id;
  page.say("", { delete: id });
}

async function react(page, words) {
  const [word, rest] = split(words);
  const sign = isNumber(word) ? rest : words;
  if (/[a-z]|^:.+:$/i.test(sign))
    throw new Usage("React with an emoji such as 👍; names of emoji work only in the terminal.");
  page.say(sign, { react: isNumber(word) ? number(word) : (await last(page, {}, "react to")).id });
}

function report(page, words) {
  const [id, reason] = split(needed(words));
  const isAbout = isNumber(id);
  page.chat.order({
    type: "report",
    room: room(page),
    ...(isAbout ? { id: number(id), reason: needed(reason) } : { reason: words }),
  });
}

function message(page, words) {
  const [name, text] = split(needed(words));
  page.chat.open(page.chat.privateRoom(bare(name)));
  if (text) page.say(text);
}

export const COMMANDS = [
  ["/join ROOM", "enter a room and talk there", (page, words) => page.chat.open(bare(needed(words)).toLowerCase())],
  ["/leave", "leave this room", (page) => page.chat.leave(room(page))],
  ["/msg NAME TEXT", "write privately", message],
  ["/me TEXT", "describe what you do", (page, words) => page.say(`/me ${needed(words)}`)],
  ["/nick NAME", "change your name", (page, words) => page.chat.order({ type: "nick", name: needed(words) })],
  [
    "/color COLOR",
    "change the colour of your name",
    (page, words) => page.chat.order({ type: "color", color: needed(words) }),
  ],
  [
    "/realname [TEXT]",
    "show a name of any script beside yours in lists; alone: no more",
    (page, words) => page.chat.setRealName(words),
  ],
  [
    "/away [TEXT]",
    "tell those who write to you that you are away",
    (page, words) => page.chat.setAway(words || "away"),
  ],
  ["/back", "you are here again", (page) => page.chat.setAway(null)],
  ["/send", "choose files to send", () => document.getElementById("pick").click()],
  ["/files", "the files of this room", (page) => page.panels.fileList(page)],
  ["/search TEXT", "find messages", (page, words) => page.panels.search(page, needed(words))],
  [
    "/whois NAME",
    "who somebody is",
    (page, words) => page.panels.person(page, { from: bare(needed(words)) }),
  ],
  ["/ignore NAME", "hide what somebody says", (page, words) => page.chat.ignore(bare(needed(words)), true)],
  ["/unignore NAME", "show it again", (page, words) => page.chat.ignore(bare(needed(words)), false)],
  ["/re [N|NAME] TEXT", "answer message N, or the last one (of NAME)", answer],
  ["/edit [N] [TEXT]", "correct your last message, or your message N", edit],
  ["/delete [N]", "delete your last message, or message N", remove],
  ["/react [N] [EMOJI]", "react to message N, or the last one; without EMOJI, take that back", react],
  ["/block NAME", "no private messages from somebody", lifting("block")],
  ["/unblock NAME", "allow them again", lifting("unblock")],
  ["/report [ID] REASON", "tell the moderators", report],
  [
    "/topic TEXT|off",
    "set the topic of this room",
    (page, words) => page.chat.order({ type: "room", room: room(page), topic: needed(words) === "off" ? "" : words }),
  ],
  [
    "/mode MODE",
    "open, moderated, read-only or invite",
    (page, words) => page.chat.order({ type: "room", room: room(page), mode: needed(words) }),
  ],
  [
    "/slow TIME|off",
    "one message in TIME from each person",
    (page, words) =>
      page.chat.order({ type: "room", room: room(page), slow: words === "off" ? 0 : needed(duration(words)) }),
  ],
  ["/invite NAME", "invite somebody to this room", lifting("invite")],
  [
    "/voice NAME",
    "let somebody talk in a moderated room",
    (page, words) => page.chat.order({ type: "role", room: room(page), name: bare(needed(words)), role: "voice" }),
  ],
  [
    "/role NAME ROLE",
    "owner, moderator, voice or member",
    (page, words) =>
      page.chat.order({
        type: "role",
        ...scoped(page, words)[0],
        name: bare(split(scoped(page, words)[1])[0]),
        role: needed(split(scoped(page, words)[1])[1]),
      }),
  ],
  ["/kick NAME [REASON]", "remove somebody from this room; -s: from the server", sentence("kick", false)],
  ["/ban NAME|ADDRESS [TIME] [REASON]", "ban somebody from this room; -s: from the server", sentence("ban")],
  ["/unban NAME", "lift a ban; -s: of the server", lifting("unban")],
  ["/mute NAME [TIME] [REASON]", "stop somebody from talking here; -s: on the server", sentence("mute")],
  ["/unmute NAME", "let somebody talk again; -s: on the server", lifting("unmute")],
  ["/bans", "who is banned or muted here; -s: on the server", records("bans")],
  ["/reports", "what was reported here; -s: on the server", records("reports")],
  ["/audit", "for operators: what was decided", records("audit")],
  [
    "/lockdown TIME|off",
    "for operators: new people only with an invitation",
    (page, words) => page.chat.order({ type: "lockdown", for: words === "off" ? 0 : (duration(words) ?? 600) }),
  ],
  ["/help", "keys and commands", (page) => page.panels.help()],
];

const wordOf = ([usage]) => usage.split(" ", 1)[0];

export const matching = (begin) =>
  COMMANDS.filter((row) => wordOf(row).slice(1).startsWith(begin.toLowerCase())).slice(0, 8);

// Complete a name, a room or a command at the cursor; asked again, offer the next one.
export function complete(page, input) {
  page.completion ??= candidates(page, input);
  const { begin, rest, words } = page.completion;
  if (!words.length) return;
  page.completion.index = (page.completion.index + 1) % words.length;
  input.setRangeText(`${words[page.completion.index]} `, begin, input.value.length - rest.length, "end");
}

function candidates({ chat, room }, input) {
  const before = input.value.slice(0, input.selectionStart);
  const begin = before.search(/\S*$/);
  const word = before.slice(begin).toLowerCase();
  const present = [...(room.people?.values() ?? [])].map((one) => one.name);
  const names = new Set(
    [...room.log.items.map((item) => item.from).reverse(), ...present].filter((name) => name && !chat.isMe(name)),
  );
  const rooms = [...chat.rooms.keys()].filter((name) => !name.startsWith("@")).map((name) => `#${name}`);
  const all =
    word.startsWith("/") && !begin
      ? COMMANDS.map(wordOf)
      : word.startsWith("#")
        ? rooms
        : [...names].map((name) => (begin ? name : `${name}:`));
  const fits = (one) => word && one.toLowerCase().startsWith(word.replace(/^@/, ""));
  return { begin, rest: input.value.slice(input.selectionStart), index: -1, words: all.filter(fits) };
}

// Carry out a line. What is no command is not sent, but comes back into the field.
export async function run(page, line) {
  const [word, words] = split(line.trim());
  const row = COMMANDS.find((one) => wordOf(one) === word.toLowerCase());
  try {
    if (!row) throw new Usage();
    await row[2](page, words);
  } catch (error) {
    if (!(error instanceof Usage)) throw error;
    const usage = row
      ? `Write ${row[0]} to ${row[1]}.`
      : `There is no command ${word}; /help lists them. To send it as text: /${word}`;
    page.notice(error.message || usage);
    page.composer.giveBack(line);
  }
}
