// Coming in with a name and what proves it, and going. Each function gets the page.

import { persist } from "./link.js";
import { $ } from "./view.js";

const post = (path) => persist(() => fetch(path, { method: "POST" })).catch(() => null);

// What was filled in. The password is kept nowhere, neither in the field.
export function submit(page) {
  const [password, invite] = [$("login-password").value, $("login-invite").value.trim()];
  $("login-password").value = "";
  return comeIn(page, $("login-name").value.trim(), { ...(password && { password }), ...(invite && { invite }) });
}

export async function comeIn(page, name, secrets) {
  page.kept.set("name", name);
  page.secrets = secrets;
  const answer = await post("/session");
  if (answer?.ok) page.link.greet();
  else page.askWho({ text: answer ? await answer.text() : "the server does not answer" });
}

export async function logOut(page) {
  page.isLeaving = true;
  const answer = await post(`/logout?name=${encodeURIComponent(page.chat.me.name)}`);
  page.isLeaving = Boolean(answer?.ok);
  if (answer?.ok) page.forgetMe();
  else page.notice(answer ? await answer.text() : "The server does not answer.");
}
