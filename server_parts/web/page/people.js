// What can be done with a message, a person and a room, by whoever may. Each function gets the page.

import { settings } from "./settings.js";
import { date, el, initial } from "./view.js";
import { form, menu, show } from "./windows.js";

const REACTIONS = ["👍", "❤️", "😄"];
const SPANS = { "10 minutes": 600, "1 hour": 3600, "1 day": 86400, "for good": 0 };

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
      el("span", {}, one.name, more(one.realname), more(one.role), more(one.away)),
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
      ...(entries ? REACTIONS.map((text) => button(text, `React ${text}`, () => react(text))) : []),
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
  const [about] = await Promise.all([
    chat.ask({ type: "whois", name }),
    chat.current.startsWith("@") ? null : chat.askWho(chat.current), // one's own role here may be new
  ]);
  const facts =
    about &&
    [
      about.realname,
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
        "Who may talk",
        async () =>
          set(
            await form("Who may talk", "Set it", [
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
      page.can("files") && ["Files of this room", () => page.panels.fileList(page)],
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
