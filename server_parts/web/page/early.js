// The first picture, before any module is loaded: the door for newcomers, the chat's frame for those who are known.
// No module, because those wait for each other.

(() => {
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
})();
