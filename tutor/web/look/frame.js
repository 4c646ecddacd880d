// The frame: which tab is shown (the address says it), language, light and dark, a line about what was done.
(() => {
  const root = document.documentElement;
  const TABS = ["ask", "practise", "progress", "library", "status"];
  const masthead = () => document.querySelector("header.masthead");
  const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  window.tutorStill = still;

  function decoded(part) {
    try { return decodeURIComponent(part); } catch { return part; } // an address that somebody cut off in a letter
  }
  function place() {
    const [tab, value, corpus] = location.hash.slice(1).split("/").map(decoded);
    return TABS.includes(tab) ? { tab, value: value || "", corpus: corpus || "" } : { tab: "ask", value: "", corpus: "" };
  }

  function show() {
    const { tab, value, corpus } = place();
    if (root.dataset.tab !== tab) window.scrollTo(0, 0);
    root.dataset.tab = tab;
    for (const link of document.querySelectorAll("nav a[data-tab]")) {
      if (link.dataset.tab === tab) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
    }
    if (quiet) { quiet = false; return; }
    if (tab !== "ask") window.tutorTell(`${tab}-pane`, "select", { do: "show", value, fields: { corpus: [corpus] } });
  }

  // Another pane has been told already what to show there: the tab need not ask.
  let quiet = false;
  window.tutorGo = (where, told) => {
    quiet = Boolean(told);
    if (location.hash === `#${where}`) show(); else location.hash = where;
  };
  addEventListener("hashchange", show);
  addEventListener("tutor-pane", (event) => {
    if (worded && event.detail === `${place().tab}-pane`) show();
  });

  window.tutorClient.language = (select) => {
    document.cookie = `tutor_language=${select.value}; max-age=31536000; path=/; samesite=strict`;
    window.tutorTell("masthead", "click", { do: "language" });
  };
  window.tutorClient.skip = (_, event) => {
    event.preventDefault();
    const tab = document.getElementById(`tab-${place().tab}`);
    tab?.querySelector("button, input, textarea, select, summary, a")?.focus();
  };

  function dark() { return document.body.classList.contains("dark"); }
  function paint(theme) { document.body.classList.toggle("dark", theme === "dark"); root.style.colorScheme = theme; }
  window.tutorClient.theme = () => {
    const theme = dark() ? "light" : "dark";
    localStorage.setItem("tutor_theme", theme);
    paint(theme);
  };

  let worded = null;
  function words() {
    const head = masthead();
    if (!head?.dataset.language || worded === head.dataset.language) return;
    worded = head.dataset.language;
    root.lang = worded;
    document.title = head.dataset.title;
    show();
    // The other panes have their words with the same answer, but a moment later.
    requestAnimationFrame(() => setTimeout(() => { window.tutorQuestion(); root.dataset.worded = worded; }));
  }

  // A line for screen readers and eyes about what was done here.
  let saying;
  window.tutorSay = (text) => {
    let line = document.getElementById("said");
    if (!line) {
      line = document.createElement("p");
      line.id = "said";
      line.setAttribute("role", "status");
      document.body.append(line);
    }
    line.textContent = text;
    line.dataset.on = "";
    clearTimeout(saying);
    saying = setTimeout(() => { delete line.dataset.on; }, 2500);
  };

  // Gradio paints the page as the system wants it, at times of its own; what was chosen here wins.
  function keepTheme() {
    const kept = localStorage.getItem("tutor_theme");
    if (kept && document.body && dark() !== (kept === "dark")) paint(kept);
  }

  new MutationObserver(() => { words(); keepTheme(); }).observe(root, {
    childList: true, subtree: true, attributeFilter: ["data-language", "class"],
  });
})();
