
  "use strict";
  const byId = (id) => document.getElementById(id);
  const LIST = "/live/sessions", SESSION = "/live";
  const ENDED = "Your session has ended. It was ended on another device, or it has expired.";
  const GONE = "The server cannot be reached. This page tries again by itself.";
  const SHORTEST = 1000, LONGEST = 5000, READ = 15000;

  // What the page says. Each call replaces what was said before; what went well goes by itself.
  let said = null;
  function say({ done = "", problem = "" }) {
    clearTimeout(said);
    byId("done").textContent = done;
    byId("problem").textContent = problem;
    if (done) said = setTimeout(() => say({}), READ);
  }

  // Shows times as this browser's user writes them, with the distance from now.
  const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
  const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
  function showTimes() {
    for (const element of document.querySelectorAll("time")) {
      const time = new Date(element.dateTime);
      const seconds = (time - Date.now()) / 1000;
      const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]]
        .find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 1];
      const distance = relative.format(Math.trunc(seconds / size), unit);
      element.textContent = `${absolute.format(time)} (${distance})`;
    }
  }

  // Replaces what is in an element, and keeps the keyboard's place, or goes to the heading.
  function replace(element, html, heading) {
    const focused = element.contains(document.activeElement) ? document.activeElement.id : null;
    element.innerHTML = html;
    showTimes();
    if (focused === null) return;
    const same = byId(focused);
    (same?.checkVisibility() ? same : byId(heading)).focus({ preventScroll: true });
  }

  // Loads the page again, without leaving it, and tells whether the session has ended. Fails if the
  // server cannot be reached.
  let last = byId("main").innerHTML;
  async function refresh() {
    const response = await fetch("/", { cache: "no-store", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const [shown, fresh] = [byId("main"), page.querySelector("main")];
    if (!response.ok) {
      // Another certificate, or one that is no longer good: the server's page says so.
      shown?.replaceWith(fresh ?? response.statusText);
      return false;
    }
    const ended = shown.dataset.live && !fresh.dataset.live;
    Object.assign(shown.dataset, fresh.dataset);
    // Where nothing has changed, what is being typed stays.
    if (fresh.innerHTML !== last) replace(shown, fresh.innerHTML, "session-title");
    last = fresh.innerHTML;
    return ended;
  }

  // The WebSocket by which the server says what changes elsewhere.
  let socket = null, timer = null, wait = SHORTEST;
  function connect() {
    disconnect();
    const path = { sessions: LIST, session: SESSION }[byId("main")?.dataset.live];
    if (!path) return;
    const opened = new WebSocket(`wss://${location.host}${path}`);
    socket = opened;
    opened.onopen = () => {
      wait = SHORTEST;
      document.documentElement.dataset.connected = "yes";
    };
    opened.onmessage = ({ data }) => {
      if (path === LIST) replace(byId("sessions"), data, "sessions-title");
    };
    opened.onclose = () => { if (socket === opened) recover(); };
  }
  function disconnect() {
    clearTimeout(timer);
    delete document.documentElement.dataset.connected;
    const open = socket;
    socket = null;
    // Closed before it is open, it would be an error in the console.
    if (open?.readyState === WebSocket.CONNECTING) open.onopen = () => open.close();
    else open?.close();
  }

  // After the WebSocket has closed: the session has ended, or the server is gone, for a while.
  async function recover() {
    let next = connect;
    try {
      if (await refresh()) say({ problem: ENDED });
      byId("gone").textContent = "";
    } catch {
      byId("gone").textContent = GONE;
      next = recover;
    }
    timer = setTimeout(next, wait);
    wait = Math.min(wait * 2, LONGEST);
  }

  // Calls the interface, and shows what became of it.
  async function call(request, done, body) {
    disconnect();
    const [method, path] = request.split(" ");
    const headers = body ? { "Content-Type": "application/json" } : {};
    try {
      const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
      const reason = response.ok ? "" : (await response.text()).trim() || response.statusText;
      await refresh();
      say(response.ok ? { done } : { problem: `${response.status}: ${reason}` });
    } catch {
      return recover();
    }
    connect();
  }

  // Answered by the buttons and by Escape, and not by the event of closing: that comes later, and
  // perhaps when the next question is asked already.
  let answer = null;
  function isConfirmed(text) {
    byId("confirm-text").textContent = text;
    byId("confirm").showModal();
    return new Promise((resolve) => { answer = resolve; });
  }
  function close(isYes) {
    byId("confirm").close();
    answer(isYes);
  }
  byId("confirm-no").onclick = () => close(false);
  byId("confirm-yes").onclick = () => close(true);
  byId("confirm").oncancel = () => answer(false);

  document.addEventListener("click", async ({ target }) => {
    const { call: request, confirm, done } = target.dataset;
    if (!request || (confirm && !await isConfirmed(confirm))) return;
    await call(request, done);
  });
  document.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { principal, label } = Object.fromEntries(new FormData(event.target));
    await call("POST /sign-in", "You have signed in.", { principal, label });
  });

  showTimes();
  setInterval(showTimes, 15000);
  connect();
