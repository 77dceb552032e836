// A placeholder: it shows that a browser gets in.
const state = document.getElementById("state");
const socket = new WebSocket(new URL("chat", location.href.replace(/^http/, "ws")));
const session = crypto.getRandomValues(new Uint8Array(16)).reduce((text, byte) => text + byte.toString(16).padStart(2, "0"), "");

socket.onopen = () => socket.send(JSON.stringify({ type: "hello", protocol: 1, name: `web-${session.slice(0, 6)}`, session }));
socket.onmessage = (event) => {
  const frame = JSON.parse(event.data);
  if (frame.type === "welcome") state.textContent = `You are ${frame.name}.`;
  if (frame.type === "bye") state.textContent = frame.text;
};
