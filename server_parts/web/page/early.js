// The first picture, before any module is loaded: the door for newcomers, the chat's frame for those who are known.
// It is no module, because those wait for each other; they are asked for when the picture is there, and all at once.

(() => {
  const MODULES = "page delivery drawing files link log outbox rooms shown view";
  const folder = document.currentScript.src.replace(/[^/]*$/, "");
  const find = (id) => document.getElementById(id);
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
  // Nothing listens yet. Whoever is faster than the modules comes in when they are there.
  find("login-form").onsubmit = (event) => {
    event.preventDefault();
    document.documentElement.dataset.early = "login";
  };
  // A file that is dropped too early, or at the door, would take the place of the page.
  for (const name of ["dragover", "drop"])
    addEventListener(name, (event) => event.dataTransfer?.types.includes("Files") && event.preventDefault());
  let isLoading = false;
  const load = () => {
    if (isLoading) return;
    isLoading = true;
    for (const name of MODULES.split(" ")) {
      const link = document.createElement("link");
      [link.rel, link.href] = ["modulepreload", `${folder}${name}.js`];
      document.head.append(link);
    }
    import("./page.js");
  };
  if (isKnown()) return load(); // their browser has the modules
  if (document.hidden || !window.PerformanceObserver?.supportedEntryTypes?.includes("paint")) return load();
  const seen = (list) => list.getEntriesByName("first-contentful-paint").length && load(); // not the empty ground before it
  new PerformanceObserver(seen).observe({ type: "paint", buffered: true });
  setTimeout(load, 5000); // whatever holds the picture up
})();
