// The windows that open above the page: a list to choose from, questions, a menu, something to read.
//
// It must not know what they are about.

import { el, localTimes, textNodes } from "./view.js";

export function open(title, ...content) {
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

// A list that is searched by typing. `rows(words)` gives [label, detail, run] for each, or a promise of that. `value` is
// what stands in the field at first.
export function choose(title, placeholder, rows, delay = 0, value = "") {
  const input = el("input", {
    value,
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
export function menu(title, rows, ...text) {
  const dialog = open(title, ...text.map((one) => el("p", {}, one)));
  const button = ([label, run, detail]) =>
    el("button", { onclick: () => (dialog.close(), run()) }, label, detail ? el("small", {}, detail) : null);
  dialog.append(el("div", { class: "menu" }, ...rows.filter(Boolean).map(button)));
}

export function show(title, rows) {
  open(
    title,
    rows.length
      ? el("ul", { tabindex: 0 }, ...rows.map((row) => el("li", {}, ...textNodes(localTimes(row)))))
      : el("p", {}, "Nothing."),
  );
}
