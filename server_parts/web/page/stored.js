// Files that outlive the page, in the browser's own database, until they are sent. Where it keeps none, nothing is kept.

const NAME = "chat:files";
const FILES = "files";

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(FILES);
    request.onsuccess = () => resolve(request.result);
    request.onerror = request.onblocked = () => reject(request.error);
  });
}

async function ask(mode, question) {
  let database = null;
  try {
    database = await open();
    const transaction = database.transaction(FILES, mode);
    const request = question(transaction.objectStore(FILES));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = transaction.onerror = () => reject(transaction.error);
    });
    return request.result ?? null;
  } catch {
    return null; // full, or forbidden
  } finally {
    database?.close();
  }
}

export const keep = (ref, file) => ask("readwrite", (files) => files.put(file, ref));
export const kept = (ref) => ask("readonly", (files) => files.get(ref));
export const forget = (ref) => ask("readwrite", (files) => files.delete(ref));

// Keep none any more; with `but`, only those.
export async function forgetAll(but = []) {
  const refs = (await ask("readonly", (files) => files.getAllKeys())) ?? [];
  await Promise.all(refs.filter((ref) => !but.includes(ref)).map(forget));
}
