// A file in a message: a picture in its place, or its name and size; always with a link to get it.
//
// What somebody has called a file is a text and part of an address, never more. Only pictures of a few kinds are shown,
// by the kind that the server has found in their first bytes.

import { Addresses, isPicture, units } from "./files.js";

const [WIDEST, HIGHEST] = [400, 320]; // pixels on the screen

// `el` makes elements; `room` is where the file was said.
export function shown(el, file, room, addresses) {
  const name = el("bdi", {}, file.name);
  const get = link(el, { download: file.name, class: "get" }, file, room, addresses);
  get.append(el("span", { "aria-hidden": "true" }, "↓ "), name);
  const facts = el("figcaption", {}, get, el("small", {}, ` ${units(file.size)}`));
  if (!isPicture(file)) return el("figure", { class: "file" }, facts);
  const view = link(el, { target: "_blank", rel: "noopener noreferrer", class: "picture" }, file, room, addresses);
  view.append(picture(el, file, room, addresses, () => view.remove()));
  return el("figure", { class: "file" }, view, facts);
}

// A link that gets its address when it is followed.
function link(el, properties, file, room, addresses) {
  const follow = async (event) => {
    if (anchor.dataset.ready) return delete anchor.dataset.ready; // this is the second click, our own
    event.preventDefault();
    const url = await addresses.of(room, file);
    if (!url) return;
    anchor.href = url;
    anchor.dataset.ready = "1";
    anchor.click();
  };
  const anchor = el("a", { href: Addresses.plain(file), ...properties, onclick: follow });
  return anchor;
}

const watched = new WeakMap(); // a picture → what fetches it
const near =
  globalThis.IntersectionObserver &&
  new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) if (isIntersecting) fetchOnce(target);
    },
    { rootMargin: "600px", scrollMargin: "600px" },
  );

function fetchOnce(image) {
  near.unobserve(image);
  watched.get(image)?.();
}

// Its place has the right size before it is loaded, so that nothing moves.
function picture(el, file, room, addresses, giveUp) {
  const scale = Math.min(1, WIDEST / file.width, HIGHEST / file.height);
  const [width, height] = [file.width, file.height].map((one) => Math.max(1, Math.round(one * scale)));
  const image = el("img", { width, height, alt: file.name, decoding: "async" });
  let tries = 0;
  const load = async () => {
    const url = (tries += 1) > 2 ? null : await addresses.of(room, file);
    if (url) image.src = url;
    else giveUp();
  };
  image.onerror = () => (addresses.forget(room, file), load());
  watched.set(image, load);
  near.observe(image);
  return image;
}
