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

// An interview: the clock, the draft that outlives a reload, the address that leads back to it; charts.
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

  // Charts are drawn by Plotly, which comes from this server and only when there is a chart.
  let loading;
  function plotly() {
    loading ||= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = "files/plotly.js";
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  }
  async function draw(all) {
    const charts = [...document.querySelectorAll(".chart")].filter((c) => all || c.dataset.drawn !== c.dataset.figure || !c.querySelector(".plot-container"));
    if (!charts.length) return;
    charts.forEach((c) => { c.dataset.drawn = c.dataset.figure; });
    await plotly();
    const colour = (key) => getComputedStyle(document.body).getPropertyValue(`--${key}`).trim();
    for (const chart of charts) {
      if (!chart.isConnected) continue;
      const figure = JSON.parse(chart.dataset.figure);
      const axis = { gridcolor: colour("line"), linecolor: colour("line"), zerolinecolor: colour("line"), fixedrange: true };
      const layout = {
        ...figure.layout, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
        font: { color: colour("ink"), family: getComputedStyle(document.body).fontFamily, size: 12 },
        colorway: [colour("accent")],
      };
      layout.xaxis = { ...figure.layout.xaxis, ...axis };
      layout.yaxis = { ...figure.layout.yaxis, ...axis };
      if (layout.polar) {
        layout.polar = { bgcolor: "rgba(0,0,0,0)", radialaxis: { ...layout.polar.radialaxis, ...axis }, angularaxis: { ...layout.polar.angularaxis, gridcolor: colour("line"), linecolor: colour("line") } };
      }
      await window.Plotly.newPlot(chart, figure.data, layout, { displayModeBar: false, responsive: true, displaylogo: false });
    }
  }
  window.addEventListener("tutor-theme", () => draw(true));

  new MutationObserver(() => { drafts(); place(); draw(false); }).observe(document.documentElement, {
    childList: true, subtree: true, attributeFilter: ["data-draft", "disabled", "data-place", "data-figure"],
  });
})();
