// Panes: elements with `data-do` tell the server what was done, those with `data-client` are done here, `data-go` opens a tab.
(() => {
  const triggers = {};
  const client = (window.tutorClient = {});
  const timers = new Map();

  function fields(form, extra) {
    const found = {};
    if (form) {
      for (const [name, value] of new FormData(form)) {
        if (typeof value === "string") (found[name] ||= []).push(value);
      }
    }
    return Object.assign(found, extra ? JSON.parse(extra) : {});
  }

  // Tell a pane. `event` is the Gradio event it arrives as.
  function tell(name, event, data) {
    const trigger = triggers[name];
    if (trigger) trigger(event, data);
    return Boolean(trigger);
  }
  window.tutorTell = tell;

  function perform(source, own, value) {
    const form = source.matches("form") ? source : source.closest("form");
    const { do: what, pane, event, fields: extra } = source.dataset;
    const sent = { do: what, value: value ?? source.dataset.value ?? "", fields: fields(form, extra) };
    const corpus = source.closest("[data-corpus]")?.dataset.corpus; // what stands around it is of this corpus
    if (corpus) sent.fields.corpus ||= [corpus];
    tell(pane || own, event || "click", sent);
    if (source.dataset.closes) source.closest("details")?.removeAttribute("open");
    if (source.dataset.clears !== undefined) {
      form.reset();
      form.querySelectorAll("textarea").forEach((t) => t.dispatchEvent(new Event("input", { bubbles: true })));
    }
    if (source.dataset.go) window.tutorGo(source.dataset.go, source.dataset.pane);
  }

  window.tutorPane = (element, trigger, name) => {
    triggers[name] = trigger;
    element.addEventListener("click", (event) => {
      const source = event.target.closest("[data-do]");
      if (!source || !element.contains(source) || source.matches("form, select, textarea, input")) return;
      event.preventDefault();
      perform(source, name);
    });
    element.addEventListener("submit", (event) => {
      const form = event.target.closest("form[data-do]");
      if (!form) return;
      event.preventDefault();
      if (event.submitter?.dataset.do) return; // its click has told already
      const typed = form.querySelector("textarea[name=query]");
      if (typed && !typed.value.trim()) return;
      perform(form, name);
    });
    element.addEventListener("change", (event) => {
      const source = event.target.closest("select[data-do], input[type=checkbox][data-do], input[type=radio][data-do]");
      if (source) perform(source, name, source.value);
    });
    element.addEventListener("input", (event) => {
      const source = event.target.closest("input[data-event=input]");
      if (!source) return;
      clearTimeout(timers.get(source));
      timers.set(source, setTimeout(() => perform(source, name, source.value), 150));
    });
    window.dispatchEvent(new CustomEvent("tutor-pane", { detail: name }));
  };

  document.addEventListener("click", (event) => {
    const source = event.target.closest?.("[data-client]");
    if (source && !source.matches("select, form, input")) client[source.dataset.client]?.(source, event);
    const away = event.target.closest?.("[data-go]:not([data-do]), a[href^='#library/']");
    if (away) {
      const where = away.dataset.go || away.getAttribute("href").slice(1);
      const corpus = where.startsWith("library/") && away.closest("[data-corpus]")?.dataset.corpus;
      event.preventDefault();
      window.tutorGo(corpus ? `${where}/${encodeURIComponent(corpus)}` : where);
    }
    for (const menu of document.querySelectorAll(".kept-more[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("change", (event) => {
    const source = event.target.closest?.("select[data-client], input[data-client]");
    if (source) client[source.dataset.client]?.(source, event);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const menu = document.querySelector(".kept-more[open]");
      if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
    }
    const box = event.target.closest?.("textarea");
    if (!box || event.key !== "Enter" || event.isComposing) return;
    const sends = box.dataset.enterSends !== undefined ? !event.shiftKey : event.ctrlKey || event.metaKey;
    if (sends && box.form) { event.preventDefault(); box.form.requestSubmit(box.form.querySelector("[type=submit]")); }
  });
  // What the server chooses in a list counts also after the visitor has chosen there.
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      if (target.matches("option")) target.selected = target.hasAttribute("selected");
      else if (target !== document.activeElement) target.value = target.dataset.said ?? ""; // never under the typing hand
    }
  }).observe(document.documentElement, { subtree: true, attributeFilter: ["selected", "data-said"] });
  // Text boxes grow with what is written in them.
  document.addEventListener("input", (event) => {
    const box = event.target.closest?.("textarea");
    if (box) { box.style.height = "auto"; box.style.height = `${Math.min(box.scrollHeight + box.offsetHeight - box.clientHeight, innerHeight * 0.5)}px`; }
  });
})();
