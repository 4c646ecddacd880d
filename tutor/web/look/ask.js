// Citations: a card on hover, focus or tap; a click opens the passage. Copying, editing, thumbs, keeping the end in sight.
(() => {
  const client = window.tutorClient;
  let wanted = null; // the citation that was clicked while the panel showed another answer
  let near = true; // whether the end of the conversation is in sight

  const panel = () => document.querySelector("#panel .sources");
  const bare = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");

  // The card.
  function card() {
    let found = document.getElementById("cite-card");
    if (!found) {
      found = document.createElement("div");
      found.id = "cite-card";
      found.setAttribute("role", "tooltip");
      found.hidden = true;
      document.body.append(found);
    }
    return found;
  }
  function line(parent, kind, text) {
    if (!text) return;
    const part = document.createElement("p");
    part.className = kind;
    part.textContent = text;
    parent.append(part);
  }
  function showCard(chip) {
    const box = card();
    box.replaceChildren();
    const { title, section, quote, words } = chip.dataset;
    line(box, `status ${chip.classList[1] || ""}`, words);
    line(box, "title", `${chip.textContent} ${title || ""}`);
    line(box, "section", section);
    line(box, "quote", quote);
    box.hidden = false;
    const at = chip.getBoundingClientRect(), own = box.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left), innerWidth - own.width - 8);
    const above = at.top > own.height + 12;
    box.style.left = `${left}px`;
    box.style.top = `${above ? at.top - own.height - 8 : at.bottom + 8}px`;
  }
  const hideCard = () => { card().hidden = true; };
  document.addEventListener("pointerover", (event) => {
    const chip = event.target.closest?.(".cite");
    if (chip) showCard(chip); else if (!event.target.closest?.("#cite-card")) hideCard();
  });
  document.addEventListener("focusin", (event) => {
    const chip = event.target.closest?.(".cite");
    if (chip?.matches(":focus-visible")) showCard(chip); else hideCard();
  });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideCard(); });
  document.addEventListener("scroll", hideCard, true);

  // Its passage.
  function reveal({ number, quote }) {
    const block = document.getElementById(`q-${number}`);
    if (!block) return false;
    block.open = true;
    const marks = [...block.querySelectorAll("mark")];
    const sought = bare(quote || "");
    const mark = marks.find((m) => { const own = bare(m.textContent); return own && sought.includes(own); }) || marks[0];
    document.querySelectorAll("mark.here").forEach((m) => m.classList.remove("here"));
    if (mark && sought) marks.forEach((m) => { if (sought.includes(bare(m.textContent))) m.classList.add("here"); });
    (mark || block).scrollIntoView({ behavior: window.tutorStill() ? "auto" : "smooth", block: "center" });
    block.classList.remove("called");
    void block.offsetWidth; // begins the animation anew
    block.classList.add("called");
    block.querySelector("summary").focus({ preventScroll: true });
    return true;
  }
  client.cite = (chip) => {
    const position = chip.closest(".exchange")?.dataset.position;
    const sought = { number: chip.dataset.question, quote: chip.dataset.quote, position };
    hideCard();
    if (panel()?.dataset.position === position && reveal(sought)) return;
    wanted = sought;
    window.tutorTell("current", "click", { do: "show", value: position });
  };

  // Answers.
  client.copy = async (button) => {
    try {
      await navigator.clipboard.writeText(button.dataset.text);
      window.tutorSay(document.querySelector("header.masthead").dataset.sayCopied);
    } catch { /* the browser does not allow it: nothing was copied, nothing is said */ }
  };
  client["edit-open"] = (button) => {
    const asked = button.closest(".asked");
    asked.classList.add("editing");
    const form = asked.querySelector("form");
    form.hidden = false;
    const box = form.querySelector("textarea");
    box.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  };
  client["edit-cancel"] = (button) => {
    const asked = button.closest(".asked");
    asked.classList.remove("editing");
    asked.querySelector("form").hidden = true;
    asked.querySelector(".edit-open")?.focus();
  };
  client["thumb-open"] = (button) => {
    const form = button.closest(".reply").querySelector("form.thumb");
    if (form) { form.hidden = !form.hidden; if (!form.hidden) form.querySelector("input[type=checkbox]").focus(); }
  };
  client["thumb-close"] = (button) => { button.closest("form").hidden = true; };

  // The end of the conversation stays in sight while it is written, unless the reader has scrolled away.
  document.addEventListener("scroll", (event) => {
    const talk = event.target;
    if (talk.id === "conversation") near = talk.scrollHeight - talk.scrollTop - talk.clientHeight < 90;
  }, true);

  new MutationObserver(() => {
    const talk = document.getElementById("conversation");
    if (near && talk && !talk.querySelector(".empty")) talk.scrollTop = talk.scrollHeight;
    const id = document.querySelector("#current .exchanges")?.dataset.conversation;
    if (id !== undefined) sessionStorage.setItem("tutor_conversation", id);
    if (wanted && panel()?.dataset.position === wanted.position) {
      const sought = wanted;
      wanted = null;
      reveal(sought);
    }
  }).observe(document.documentElement, {
    childList: true, subtree: true, characterData: true, attributeFilter: ["data-position", "data-conversation"],
  });
  document.addEventListener("submit", () => { near = true; }, true);
})();
