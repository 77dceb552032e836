// What opens above the page: lists to choose from, questions, what can be done with a message or a person.
//
// It is loaded when it is first needed. Each function gets the page.

import { asSentence, clock, count, date, el, initial, localTimes, textNodes } from "./view.js";

const REACTIONS = ["👍", "❤️", "😄", "🎉", "👀", "✅"];
export const COLORS = ["blue", "cyan", "green", "magenta", "red", "yellow"];
const SPANS = { "10 minutes": 600, "1 hour": 3600, "1 day": 86400, "for good": 0 };

// --- Two kinds of windows ---

function open(title, ...content) {
  const close = el("button", { class: "icon", "aria-label": "Close", onclick: () => dialog.close() }, "✕");
  const dialog = el(
    "dialog",
    { "aria-label": title, onclose: () => dialog.remove() },
    el("header", {}, el("h2", {}, title), close),
    ...content,
  );
  dialog.onclick = (event) => {
    if (event.target === dialog) dialog.close();
  };
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

// A list that is searched by typing. `rows(words)` gives [label, detail, run] for each, or a promise of that.
function choose(title, placeholder, rows, delay = 0) {
  const input = el("input", {
    placeholder,
    "aria-label": placeholder,
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": "choices",
    autocomplete: "off",
    spellcheck: "false",
  });
  const list = el("ul", { id: "choices", role: "listbox", "aria-label": title });
  const dialog = open(title, input, list);
  let [asked, index, timer] = [0, 0, 0];
  const options = () => [...list.children].filter((one) => one.onclick);
  const mark = () =>
    options().forEach((one, number) => {
      one.setAttribute("aria-selected", String(number === index));
      if (number !== index) return;
      one.scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", one.id);
    });
  const fill = async () => {
    clearTimeout(timer);
    timer = 0;
    const question = (asked += 1);
    const found = await rows(input.value.trim());
    if (question !== asked) return;
    index = 0;
    list.replaceChildren(
      ...found.map(([label, detail, run], number) =>
        el(
          "li",
          { role: "option", id: `choice-${number}`, onclick: run && (() => (dialog.close(), run())) },
          el("span", {}, label),
          detail && el("small", {}, detail),
        ),
      ),
    );
    mark();
  };
  input.oninput = () => {
    clearTimeout(timer);
    timer = setTimeout(fill, delay);
  };
  const take = async () => {
    if (timer) await fill();
    options()[index]?.onclick();
  };
  dialog.onkeydown = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) index = Math.max(0, Math.min(options().length - 1, index + step));
    else if (event.key === "Enter") take();
    else return;
    event.preventDefault();
    mark();
  };
  fill();
  input.focus();
}

// Questions in one window: [name, label, properties] each; a list of options makes a choice. Gives the values, or null.
export function form(title, button, fields, ...text) {
  return new Promise((resolve) => {
    const inputs = fields.map(([name, label, properties = {}]) => {
      const { options, ...rest } = properties;
      const choices = options?.map((one) => el("option", { selected: one === rest.value }, one));
      const input = options ? el("select", { name }, ...choices) : el("input", { name, autocomplete: "off", ...rest });
      return el("label", { hidden: rest.hidden }, label, input);
    });
    let values = null;
    const sheet = el(
      "form",
      {},
      ...text.map((one) => el("p", {}, one)),
      ...inputs,
      el("button", { class: "primary" }, button),
    );
    const dialog = open(title, sheet);
    sheet.onsubmit = (event) => {
      event.preventDefault();
      values = Object.fromEntries(new FormData(sheet));
      dialog.close();
    };
    dialog.addEventListener("close", () => resolve(values));
  });
}

// Things that can be done: [label, run, detail] each; what is false is left out.
function menu(title, rows, ...text) {
  const dialog = open(title, ...text.map((one) => el("p", {}, one)));
  const button = ([label, run, detail]) =>
    el("button", { onclick: () => (dialog.close(), run()) }, label, detail ? el("small", {}, detail) : null);
  dialog.append(el("div", { class: "menu" }, ...rows.filter(Boolean).map(button)));
}

function show(title, rows) {
  open(
    title,
    rows.length
      ? el("ul", { tabindex: 0 }, ...rows.map((row) => el("li", {}, ...textNodes(localTimes(row)))))
      : el("p", {}, "Nothing."),
  );
}

// What the server wants to hear a second time.
export async function confirm(page, text) {
  const { last } = page.chat;
  if (last && (await form("Are you sure?", "Yes, do it", [], asSentence(text))))
    page.chat.order({ ...last, sure: true });
}

// --- Rooms and people ---

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
    const people = (frame?.members ?? []).filter(
      (one) => !chat.isMe(one.name) && one.name.toLowerCase().includes(words.toLowerCase()),
    );
    const rows = people.map((one) => [one.name, one.away ?? "", () => chat.open(chat.privateRoom(one.name))]);
    if (!rows.length && /^[a-z0-9][\w.-]{0,31}$/i.test(words))
      rows.push([words, "not here now", () => chat.open(chat.privateRoom(words))]);
    return rows;
  });
}

export function search(page, begin = "") {
  const { chat } = page;
  choose(
    "Search messages",
    'Words, "a phrase", from:name, in:room',
    async (words) => {
      const text = words || begin;
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
  );
}

async function goTo(page, message) {
  page.chat.open(message.room);
  page.chat.rooms.get(message.room).mark = null;
  await page.jump(message.id);
}

// Who is in the present room.
export function drawPeople(page, side) {
  const { members, people } = page.room;
  const all = [...(people?.values() ?? [])].sort(
    (a, b) => Boolean(a.away) - Boolean(b.away) || a.name.localeCompare(b.name),
  );
  const more = (text) => text && el("small", {}, ` ${text}`);
  const row = (one) =>
    el(
      "button",
      { class: one.away ? "away" : null, onclick: () => person(page, { from: one.name }) },
      el("i", { class: "face", "data-color": one.color, "aria-hidden": "true" }, initial(one.name)),
      el("span", {}, one.name, more(one.role), more(one.away)),
    );
  const others = members > all.length && el("p", {}, `and ${members - all.length} more`);
  side.replaceChildren(el("h2", {}, `People (${members})`), ...all.map(row), others || "");
}

// --- A message ---

let tray = null;

// The buttons of one message at a time.
export function tools(page, item, article) {
  const { chat } = page;
  const isMine = chat.isMe(item.from);
  const entries = page.can("entries");
  const button = (sign, label, run) =>
    el("button", { type: "button", title: label, "aria-label": label, onclick: run }, sign);
  const react = (text) => chat.say(chat.current, text, { react: item.id });
  const other = async () => {
    const values = await form("React", "React", [["text", "With what", { maxlength: 32, required: true }]]);
    if (values) react(values.text.trim());
  };
  const remove = () =>
    entries
      ? chat.say(chat.current, "", { delete: item.id })
      : chat.order({ type: "delete", room: chat.current, id: item.id });
  tray?.remove();
  tray = el(
    "div",
    { class: "tools" },
    ...[
      ...(entries ? REACTIONS.slice(0, 3).map((text) => button(text, `React ${text}`, () => react(text))) : []),
      entries && button("☺", "React with something else", other),
      entries && button("↩", "Answer", () => page.about({ reply: item })),
      isMine && entries && button("✎", "Correct", () => page.about({ edit: item })),
      ((isMine && entries) || mayModerate(page)) && button("🗑", "Delete", remove),
      !isMine && button("⚑", "Report", () => report(page, item)),
    ].filter(Boolean),
  );
  article.append(tray);
}

async function report(page, item) {
  const values = await form("Report this message", "Report", [
    ["reason", "What is wrong with it", { maxlength: 200, required: true }],
  ]);
  if (values) page.chat.order({ type: "report", room: page.chat.current, id: item.id, reason: values.reason });
}

// --- A person ---

const isOperator = (page) => ["operator", "owner"].includes(page.chat.me.role);

function mayModerate(page) {
  return !page.chat.current.startsWith("@") && (isOperator(page) || ["owner", "moderator"].includes(page.room.role));
}

export async function person(page, { from: name }) {
  const { chat } = page;
  if (chat.isMe(name)) return settings(page);
  const about = await chat.ask({ type: "whois", name });
  const facts =
    about &&
    [
      about.role,
      about.account ? "the name is protected" : "a guest",
      about.connections ? "here now" : "not here",
      about.away && `away: ${about.away}`,
    ]
      .filter(Boolean)
      .join(" · ");
  const hidden = chat.ignores(name);
  const order = (type, values = {}) => chat.order({ type, room: chat.current, name, ...values });
  const moderation = mayModerate(page)
    ? [
        ["Mute", () => sentence(order, "mute", name)],
        ["Let talk again", () => order("unmute")],
        ["Remove from this room", () => sentence(order, "kick", name)],
        ["Ban from this room", () => sentence(order, "ban", name)],
        ["Role in this room", () => role(order, name)],
        ["Invite to this room", () => order("invite")],
      ]
    : [];
  return menu(
    name,
    [
      ["Write privately", () => chat.open(chat.privateRoom(name))],
      [hidden ? "Show what they say" : "Hide what they say", () => chat.ignore(name, !hidden), "only here"],
      chat.me.account && ["Block", () => chat.order({ type: "block", name }), "no private messages from them"],
      chat.me.account && ["Unblock", () => chat.order({ type: "unblock", name })],
      ...moderation,
    ],
    ...(facts ? [facts] : []),
  );
}

async function sentence(order, type, name) {
  const time = type === "kick" ? [] : [["for", "How long", { options: Object.keys(SPANS) }]];
  const values = await form(`${{ mute: "Mute", kick: "Remove", ban: "Ban" }[type]} ${name}`, "Do it", [
    ...time,
    ["reason", "Why", { maxlength: 200 }],
  ]);
  if (!values) return;
  const seconds = SPANS[values.for];
  order(type, { ...(seconds && { for: seconds }), ...(values.reason && { reason: values.reason }) });
}

async function role(order, name) {
  const values = await form(`Role of ${name}`, "Give it", [
    ["role", "Role in this room", { options: ["member", "voice", "moderator", "owner"] }],
  ]);
  if (values) order("role", values);
}

// --- This room ---

export async function about(page) {
  const { chat, room } = page;
  await chat.askWho(room.name);
  const mine = mayModerate(page);
  const set = (values) => values && chat.order({ type: "room", room: room.name, ...values });
  const lists = (type) => list(page, type, { room: room.name });
  menu(
    `# ${room.name}`,
    [
      mine && [
        "Topic",
        async () =>
          set(await form("Topic", "Set it", [["topic", "Topic", { value: room.topic ?? "", maxlength: 200 }]])),
      ],
      mine && [
        "Who may speak",
        async () =>
          set(
            await form("Who may speak", "Set it", [
              ["mode", "Mode", { options: ["open", "moderated", "read-only", "invite"], value: room.mode }],
            ]),
          ),
        room.mode,
      ],
      mine && [
        "Slow mode",
        async () => {
          const values = await form("Slow mode", "Set it", [
            ["slow", "Seconds between two messages of a person", { type: "number", min: 0, value: room.slow }],
          ]);
          set(values && { slow: Number(values.slow) });
        },
        room.slow ? `${room.slow} s` : "off",
      ],
      mine && ["Bans and mutes", () => lists("bans")],
      mine && ["Reports", () => lists("reports")],
      isOperator(page) && ["What was decided", () => lists("audit")],
      [
        "Report this room",
        async () => {
          const values = await form("Report this room", "Report", [
            ["reason", "What is wrong", { maxlength: 200, required: true }],
          ]);
          if (values) chat.order({ type: "report", room: room.name, ...values });
        },
      ],
      ["Leave this room", () => chat.leave(room.name)],
    ],
    room.topic || "No topic.",
  );
}

export async function list(page, type, where) {
  const frame = await page.chat.ask({ type, limit: 50, ...where });
  const row = {
    bans: (one) =>
      `${one.kind} of ${one.name ?? one.address} ${one.until ? `until ${date(one.until)}` : "for good"}, by ${one.by ?? "?"}${one.reason ? `: ${one.reason}` : ""}`,
    audit: (one) => `${date(one.ts)} ${one.by ?? ""}: ${one.text}`,
    reports: (one) =>
      `${date(one.ts)} ${one.by ?? ""}: ${one.reason ?? ""}${one.sender ? ` (${one.sender}: “${one.text ?? ""}”)` : ""}`,
  }[type];
  if (frame)
    show(
      { bans: "Bans and mutes", audit: "What was decided", reports: "Reports" }[type],
      frame.items.map(row).reverse(),
    );
}

// --- Oneself ---

export function settings(page) {
  const { chat, kept } = page;
  const { me } = chat;
  const bell = kept.get("bell", "mentions");
  const canNotify = isSecureContext && "Notification" in window;
  menu(me.name, [
    me.away
      ? ["I am back", () => chat.setAway(null)]
      : [
          "I am away",
          async () => {
            const values = await form("Away", "Say so", [["text", "A note", { maxlength: 200, value: "away" }]]);
            if (values) chat.setAway(values.text.trim() || "away");
          },
        ],
    [
      "Change name",
      async () => {
        const values = await form("Change name", "Change it", [
          ["name", "Name", { value: me.name, maxlength: 32, required: true }],
        ]);
        if (values) chat.order({ type: "nick", name: values.name.trim() });
      },
    ],
    [
      "Colour",
      async () => {
        const values = await form("Colour of your name", "Take it", [
          ["color", "Colour", { options: COLORS, value: me.color }],
        ]);
        if (values) chat.order({ type: "color", ...values });
      },
      me.color,
    ],
    [
      "Sound",
      () => kept.set("bell", { mentions: "on", on: "off", off: "mentions" }[bell]),
      { mentions: "for my name and private messages", on: "for every message", off: "off" }[bell],
    ],
    canNotify && [
      "Notifications",
      async () => kept.set("notify", !kept.get("notify") && (await Notification.requestPermission()) === "granted"),
      kept.get("notify") ? "on" : "off",
    ],
    [
      me.password ? "Change password" : "Set a password",
      () => password(page),
      me.password ? "" : "to come in from other devices",
    ],
    me.account && ["Devices", () => devices(page)],
    me.account && ["Code for another device", () => code(page, { type: "link" })],
    [
      "Invite somebody new",
      async () => {
        const frame = await chat.ask({ type: "invite" }, "invitation");
        if (frame) show("Invitation", [`${frame.code} lets one person in.`]);
      },
    ],
    ["Keys and commands", () => help(page), "?"],
    ["Log out", () => page.logOut(), "on this device"],
  ]);
}

async function password(page) {
  const { me } = page.chat;
  const field = (name, label, autocomplete, more = {}) => [
    name,
    label,
    { type: "password", autocomplete, maxlength: 256, ...more },
  ];
  const old = me.password ? [field("old", "Present password", "current-password", { required: true })] : [];
  const who = ["user", "", { autocomplete: "username", value: me.name, hidden: true }]; // for the browser's own keeping
  const values = await form("Password", "Set it", [
    who,
    ...old,
    field("new", "New password, at least 8 characters", "new-password", { minlength: 8, required: true }),
  ]);
  if (values) page.chat.order({ type: "password", old: values.old, new: values.new });
}

async function devices(page) {
  const frame = await page.chat.ask({ type: "devices" });
  const line = (one) => `added ${one.added ? date(one.added) : "earlier"}${one.here ? " · here now" : ""}`;
  if (frame)
    menu(
      "Devices",
      frame.devices
        .filter((one) => !one.yours)
        .map((one) => [
          `Remove ${one.label ?? "device"} ${one.id}`,
          () => page.chat.order({ type: "devices", forget: one.id }),
          line(one),
        ]),
      `${count(frame.devices.length, "device")} may use your name.`,
    );
}

async function code(page, request) {
  const frame = await page.chat.ask(request, "code");
  if (frame)
    show("Code", [
      `${frame.code} opens ${frame.name} once, in the place of a password, until ${clock(frame.expires)}.`,
    ]);
}

const KEYS = [
  "Enter – send; Shift+Enter – a new line",
  "↑ in an empty field – correct your last message",
  "Tab – complete a name, a #room or a /command",
  "Ctrl+K – go to a room or a person",
  "Alt+↑, Alt+↓ – the room before or after",
  "Esc – everything here is read",
  "↑, ↓ among the messages – from one to the next; Tab – its buttons",
  "`code`, and ``` around several lines of it",
];

export async function help() {
  const { COMMANDS } = await import("./commands.js");
  show("Keys and commands", [...KEYS, ...COMMANDS.map(([usage, text]) => `\`${usage}\` – ${text}`)]);
}

// --- Sound ---

let audio = null;

// A soft short tone; browsers allow it once the person has clicked or typed.
export function ring() {
  if (!navigator.userActivation?.hasBeenActive) return;
  audio ??= new AudioContext();
  const [tone, volume, now] = [audio.createOscillator(), audio.createGain(), audio.currentTime];
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.06, now);
  volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.4);
  tone.connect(volume).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.4);
}
