// The first picture, before the rest of the page is loaded: the door for newcomers, the chat's frame for those who are
// known. It is no module, because those wait for the document; the one of the page is asked for when the picture is there.
//
// What a person does meanwhile is kept for the page in `early`.

(() => {
  const early = (window.early = { isHeard: false, isComingIn: false, lines: [], drawIcon });
  const find = (id) => document.getElementById(id);
  // The page's icon, with a dot if somebody has asked for this person. It is made of the mark at the door: browsers that
  // find none when the document is complete ask for one.
  function drawIcon(hasDot) {
    const parts = [...find("mark").children].map((one) => new XMLSerializer().serializeToString(one));
    if (hasDot) parts.push('<circle cx="50" cy="14" r="14" fill="#d9482b"/>');
    const image = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">${parts.join("")}</svg>`;
    document.querySelector("link[rel=icon]")?.remove();
    const link = document.createElement("link");
    link.rel = "icon";
    link.href = URL.createObjectURL(new Blob([image], { type: "image/svg+xml" }));
    document.head.append(link);
  }
  drawIcon(false);
  const isKnown = () => {
    try {
      return localStorage.getItem("chat:name") !== null && !location.hash.includes("/");
    } catch {
      return false; // the browser keeps nothing
    }
  };
  find("place").textContent = find("login-place").textContent = location.host;
  find(isKnown() ? "app" : "login").hidden = false;
  if (!isKnown()) find("login-name").focus();
  find("login-form").onsubmit = (event) => {
    event.preventDefault();
    early.isComingIn = true;
  };
  const input = find("input");
  find("composer").onsubmit = (event) => {
    event.preventDefault();
    early.lines.push(input.value);
    input.value = "";
  };
  input.onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) find("composer").onsubmit(event);
  };
  // A file that is dropped too early, or at the door, would take the place of the page.
  for (const name of ["dragover", "drop"])
    addEventListener(name, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  // Asked for again if it does not come: the network, or the server, may be away for a moment. Browsers remember the
  // failure of an address.
  const ask = (tries = 0) =>
    import(`./page.js${tries ? `?${tries}` : ""}`).catch((error) => {
      const isLost = !early.isHeard && error instanceof TypeError; // else it is its own fault
      if (isLost && tries < 8) return void setTimeout(ask, 250 * 2 ** tries, tries + 1);
      input.value = [...early.lines, input.value].join("\n");
      throw error;
    });
  let isLoading = false;
  const load = () => {
    if (!isLoading) ask();
    isLoading = true;
  };
  if (isKnown()) return load(); // their browser has it
  if (document.hidden || !window.PerformanceObserver?.supportedEntryTypes?.includes("paint")) return load();
  const seen = (list) => list.getEntriesByName("first-contentful-paint").length && load(); // not the empty ground before it
  new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
  setTimeout(load, 5000); // whatever holds the picture up
})();
