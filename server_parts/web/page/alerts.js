// What makes a person look: a sound, a notification, and what a screen reader says.

import { $ } from "./view.js";

let news = []; // what the announcer has not told

// A screen reader hears what is new in this room; of many at once, how many.
export function announce(frame) {
  const file = frame.file && !frame.file.bare ? `, with the file ${frame.file.name}` : "";
  if (news.push(`${frame.from}: ${frame.text}${file}`) > 1) return;
  setTimeout(() => {
    $("announcer").textContent = news.length > 3 ? `${news.length} new messages` : news.join(". ");
    news = [];
  }, 800);
}

// A message came that this person may not see.
export function alert(page, frame) {
  const bell = page.kept.get("bell", "mentions");
  const isForMe = page.chat.isForMe(frame);
  if (bell === "on" || (bell === "mentions" && isForMe)) ring();
  if (isForMe && page.kept.get("notify") && window.Notification?.permission === "granted") notify(page, frame);
}

function notify(page, frame) {
  const shown = new Notification(frame.from, { body: frame.text.slice(0, 200), tag: frame.room });
  shown.onclick = () => {
    window.focus();
    page.chat.open(frame.room);
  };
}

let audio = null;

// A soft short tone; browsers allow it once the person has clicked or typed.
function ring() {
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
