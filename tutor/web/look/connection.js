// The line to the server: says in the visitor's words when it is broken, when the session has ended, and when the program erred.
// Gradio would say so in English; its own messages are hidden (`frame.css`).
(() => {
  const reach = window.fetch.bind(window);
  let leaving = false, lost = false;
  addEventListener("pagehide", () => { leaving = true; });
  addEventListener("beforeunload", () => { leaving = true; });

  const words = (key) => document.querySelector("header.masthead")?.dataset[key] || "";
  function notice(kind, text, link) {
    let box = document.getElementById("notice");
    if (!kind) { if (box) box.hidden = true; return; }
    if (!box) {
      box = document.createElement("div");
      box.id = "notice";
      box.setAttribute("role", "alert");
      document.body.append(box);
    }
    const close = document.createElement("button");
    close.type = "button";
    close.textContent = words("sayClose");
    close.addEventListener("click", () => { box.hidden = true; });
    const line = document.createElement("p");
    line.textContent = text;
    box.replaceChildren(line);
    if (link) {
      const way = document.createElement("a");
      [way.href, way.textContent] = link;
      box.append(way);
    }
    if (kind !== "lost") box.append(close); // that one goes by itself
    box.dataset.kind = kind;
    box.hidden = false;
  }

  // The answer that was being written will not go on: nothing may look as if it did.
  const busy = () => document.querySelector("#current [data-busy], #practise-pane .note.busy");
  function still() {
    for (const note of document.querySelectorAll(".note.busy")) {
      note.classList.replace("busy", "bad");
      note.textContent = words("sayBrokenOff");
    }
    const open = document.querySelector("#current [data-busy] .reply");
    if (open && !open.querySelector(".note")) {
      const note = document.createElement("p");
      note.className = "note bad";
      note.textContent = words("sayBrokenOff");
      open.append(note);
    }
    document.querySelector("#current [data-busy]")?.removeAttribute("data-busy"); // there is nothing left to stop
  }

  async function lose() {
    if (lost || leaving) return;
    lost = true;
    const wasBusy = Boolean(busy());
    notice("lost", words("sayLostConnection"));
    still();
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      try {
        const reply = await reach("ready", { cache: "no-store" });
        if (reply.status === 401) break;
        if ((await reply.json()).corpus?.state !== "opening") break; // until then a conversation cannot be brought back
      } catch { /* not yet */ }
    }
    lost = false;
    notice("");
    if (wasBusy) location.reload(); // the conversation comes back from where it is kept
    else window.tutorSay(words("sayBack"));
  }

  const own = (target) => {
    try { return new URL(target?.url || target, document.baseURI).origin === location.origin; } catch { return false; }
  };
  window.fetch = async (target, options) => {
    try {
      const reply = await reach(target, options);
      if (own(target)) {
        if (reply.status === 401) notice("ended", words("saySessionEnded"), ["signin", words("saySignIn")]);
        else if (reply.status === 429) notice("often", words("sayTooOften"));
        else if (reply.status === 502 || reply.status === 504) lose();
      }
      return reply;
    } catch (error) {
      if (own(target) && error?.name !== "AbortError") lose();
      throw error;
    }
  };

  // What Gradio says by itself: a broken line, or an error of the program that nobody foresaw.
  new MutationObserver(() => {
    const said = document.querySelector(".toast-body.error:not([data-heard])");
    if (!said) return;
    said.dataset.heard = "";
    if (/connection|network/i.test(said.textContent)) lose();
    else if (!lost && document.getElementById("notice")?.hidden !== false) notice("bug", words("sayBug"));
  }).observe(document.documentElement, { childList: true, subtree: true });

  // What is typed in the box to ask in outlives a reload of this tab.
  const KEY = "tutor_question";
  document.addEventListener("input", (event) => {
    if (event.target.matches?.("#ask textarea")) sessionStorage.setItem(KEY, event.target.value);
  });
  window.tutorQuestion = () => {
    const box = document.querySelector("#ask textarea"), kept = sessionStorage.getItem(KEY);
    if (box && kept && !box.value) { box.value = kept; box.dispatchEvent(new Event("input", { bubbles: true })); }
  };
})();
