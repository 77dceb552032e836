// One's own name, colour, password, devices and the like; and what one can type. Each function gets the page.

import { COMMANDS } from "./commands.js";
import { logOut } from "./login.js";
import { clock, count, date } from "./view.js";
import { form, menu, show } from "./windows.js";

const COLORS = ["blue", "cyan", "green", "magenta", "red", "yellow"];

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
    page.can("realname") && [
      "Display name",
      async () => {
        const values = await form("Display name", "Take it", [
          ["text", "In any script, beside your name; empty for none", { value: me.realname ?? "", maxlength: 40 }],
        ]);
        if (values) chat.setRealName(values.text.trim());
      },
      me.realname ?? "none",
    ],
    [
      "Colour",
      async () => {
        const values = await form("Colour of your name", "Take it", [
          ["color", "Colour", { options: COLORS, value: me.color }],
        ]);
        if (values) chat.order({ type: "color", ...values });
      },
      me.color?.replace("_", " "),
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
    ["Keys and commands", help, "?"],
    ["Log out", () => logOut(page), "on this device"],
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
  "Files – the clip beside the field, or drop or paste them; the text beside them becomes their caption",
  "Tab – complete a name, a #room or a /command",
  "Ctrl+K – go to a room or a person",
  "Alt+↑, Alt+↓ – the room before or after",
  "Esc – everything here is read",
  "↑, ↓ among the messages – from one to the next; Tab – its buttons",
  "`code`, and ``` around several lines of it",
];

export function help() {
  show("Keys and commands", [...KEYS, ...COMMANDS.map(([usage, text]) => `\`${usage}\` – ${text}`)]);
}
