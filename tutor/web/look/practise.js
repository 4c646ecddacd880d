// Uploading a document.
(() => {
  const client = window.tutorClient;

  client.upload = async (input) => {
    const file = input.files[0];
    if (!file) return;
    const note = input.closest("details").querySelector(".upload-note");
    const say = (text, bad) => { note.textContent = text; note.classList.toggle("bad", Boolean(bad)); };
    const { limit, tooLarge, empty, kind, sending, lost } = input.dataset;
    const ending = `.${file.name.split(".").pop().toLowerCase()}`;
    input.value = input.value && "";
    if (!input.accept.split(",").includes(ending)) return say(kind, true);
    if (!file.size) return say(empty, true);
    if (file.size > Number(limit)) return say(tooLarge, true);
    say(sending);
    try {
      const reply = await fetch(`files/documents?name=${encodeURIComponent(file.name)}`, {
        method: "POST", body: file, headers: { "x-tutor-upload": "1" },
      });
      const told = await reply.json().catch(() => ({}));
      if (!reply.ok) return say(told.error || (reply.status === 413 ? tooLarge : lost), true);
      say("");
      window.tutorTell("library-pane", "click", { do: "preview", value: told.token });
    } catch { say(lost, true); }
  };
})();

// An interview: the clock, the draft that outlives a reload, the address that leads back to it.
(() => {
  let started = 0, stamp = "";

  setInterval(() => {
    const timer = document.querySelector("#practise-pane .timer");
    if (!timer) return;
    const { used, remaining, running } = timer.dataset;
    const key = `${used}/${remaining}/${running}`;
    if (key !== stamp) { stamp = key; started = Date.now(); }
    const passed = running ? Math.floor((Date.now() - started) / 1000) : 0;
    const limited = remaining !== undefined;
    const seconds = Math.max(0, limited ? Number(remaining) - passed : Number(used) + passed);
    timer.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    timer.classList.toggle("short", limited && seconds < 60);
    if (limited && running && seconds === 0 && timer.dataset.told !== key) {
      timer.dataset.told = key;
      window.tutorTell("practise-pane", "click", { do: "tick" });
    }
  }, 500);

  // Drafts, by interview, question and follow-up.
  const name = (box) => `tutor_draft:${box.dataset.draft}`;
  document.addEventListener("input", (event) => {
    const box = event.target.closest?.("textarea[data-draft]");
    if (box) localStorage.setItem(name(box), box.value);
  });
  let shown = null, last = null; // the draft that is shown, and the box it is in
  function drafts() {
    const box = document.querySelector("#practise-pane textarea[data-draft]");
    if (!box) {
      if (shown && document.querySelector("#practise-pane .report")) localStorage.removeItem(`tutor_draft:${shown}`);
      shown = null;
      return;
    }
    if (box.disabled || (shown === box.dataset.draft && last === box)) return;
    const next = Boolean(shown && shown !== box.dataset.draft);
    if (next) localStorage.removeItem(`tutor_draft:${shown}`);
    shown = box.dataset.draft;
    last = box;
    box.value = localStorage.getItem(name(box)) || "";
    if (next && box.closest("#practise-pane").contains(document.activeElement)) box.focus({ preventScroll: true });
  }

  function place() {
    const where = document.querySelector("#practise-pane [data-place]")?.dataset.place;
    if (document.documentElement.dataset.tab !== "practise") return;
    const hash = `#${where || "practise"}`;
    if (location.hash !== hash && document.querySelector("#practise-pane .practise-home, #practise-pane [data-place]")) {
      history.replaceState(null, "", hash);
    }
  }

  new MutationObserver(() => { drafts(); place(); }).observe(document.documentElement, {
    childList: true, subtree: true, attributeFilter: ["data-draft", "disabled", "data-place"],
  });
})();
