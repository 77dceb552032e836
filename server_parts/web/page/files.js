// What is known of files: their sizes in words, what may be sent and shown, and where they are fetched.
//
// Pure: it must not know the document or how something is asked.

const PICTURES = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
const MOST_PIXELS = 64e6; // a small file can be a picture that takes all memory: more are shown only if they are asked for
const GOOD_FOR = 10 * 60000; // of the 15 minutes of a ticket

export const isPicture = ({ mime, width, height }) =>
  PICTURES.includes(mime) && width > 0 && height > 0 && width * height <= MOST_PIXELS;
export const canPreview = (file) => PICTURES.includes(file.type);

export const units = (size) => {
  let [value, unit] = [size, "bytes"];
  for (const next of ["KB", "MB", "GB", "TB"]) {
    if (Math.round(value * 10) / 10 < 1024) break;
    [value, unit] = [value / 1024, next];
  }
  return unit === "bytes" ? `${size} byte${size === 1 ? "" : "s"}` : `${Number(value.toFixed(1))} ${unit}`;
};

// What is wrong with a file before a byte of it is sent, or null. `limit`: how large it may be.
export function problem({ name, size }, limit) {
  if (!limit) return "This server takes no files.";
  if (!size) return `${name} is empty.`;
  if (size > limit) return `${name} has ${units(size)}; this server takes files of up to ${units(limit)}.`;
  return null;
}

// Where files are. In rooms that are open to everybody the id is enough; elsewhere an address is asked for when needed.
export class Addresses {
  #ask;
  #known = new Map(); // id → {url, until}
  #open = new Map(); // a room and its mode → a promise of whether no tickets are needed there

  constructor(ask) {
    this.#ask = ask;
  }

  static plain({ id, name }) {
    return `/files/${id}/${encodeURIComponent(name)}`;
  }

  // The address, or null if there is none for this person, or no connection.
  async of(room, file) {
    const known = this.#known.get(file.id);
    if (known && known.until > performance.now()) return known.url;
    const key = `${room.name} ${room.mode}`;
    if (room.name.startsWith("@")) return this.#asked(file);
    if (this.#open.has(key) && (await this.#open.get(key))) return Addresses.plain(file);
    const asked = this.#asked(file, (answer) => this.#open.set(key, Promise.resolve(answer?.expires === null)));
    if (!this.#open.has(key)) this.#open.set(key, asked.then(() => this.#known.get(file.id)?.until === Infinity));
    return asked;
  }

  // That address was of no use.
  forget(room, file) {
    this.#known.delete(file.id);
    this.#open.delete(`${room.name} ${room.mode}`);
  }

  async #asked(file, learn = () => {}) {
    const answer = await this.#ask({ type: "file", id: file.id }, "file", (one) => one.id === file.id);
    learn(answer);
    if (!answer?.url?.startsWith("/files/")) return null;
    const until = answer.expires === null ? Infinity : performance.now() + GOOD_FOR;
    this.#known.set(file.id, { url: answer.url, until });
    return answer.url;
  }
}
