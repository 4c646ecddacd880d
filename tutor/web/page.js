// Citations in answers become chips that open their passages in the side panel; the page's language follows the choice.
(() => {
  const MARK = /【\s*(?:第\s*(\d+)\s*[題题]|Q(\d+))\s*】/;
  let wanted = null; // the citation that was clicked while the panel showed another answer

  const bots = () => [...document.querySelectorAll('#conversation [data-testid="bot"]')];
  const panel = () => document.querySelector("#panel .sources");

  function titles() {
    try { return JSON.parse(panel()?.dataset.titles || "{}"); } catch { return {}; }
  }

  function chip(number, label) {
    const button = document.createElement("button");
    const title = titles()[number];
    button.type = "button";
    button.className = "cite";
    button.dataset.question = number;
    button.textContent = label;
    if (title) { button.title = title; button.setAttribute("aria-label", `${label} ${title}`); }
    return button;
  }

  function decorate(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, {
      acceptNode: (node) => node.parentElement.closest("code, pre, .cite") || !MARK.test(node.data)
        ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
    });
    const found = [];
    while (walker.nextNode()) found.push(walker.currentNode);
    for (let node of found) {
      for (let match; (match = MARK.exec(node.data)); ) {
        const rest = node.splitText(match.index);
        const after = rest.splitText(match[0].length);
        rest.replaceWith(chip(match[1] || match[2], match[0].slice(1, -1)));
        node = after;
      }
    }
  }

  function nameChips() {
    const known = titles();
    for (const button of document.querySelectorAll("#conversation .cite:not([title])")) {
      const title = known[button.dataset.question];
      if (title) { button.title = title; button.setAttribute("aria-label", `${button.textContent} ${title}`); }
    }
  }

  function reveal(number) {
    const block = document.getElementById(`q-${number}`);
    if (!block) return false;
    block.open = true;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    (block.querySelector("mark") || block).scrollIntoView({ behavior: still ? "auto" : "smooth", block: "center" });
    block.classList.remove("called");
    void block.offsetWidth; // begins the animation anew
    block.classList.add("called");
    block.querySelector("summary").focus({ preventScroll: true });
    return true;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#conversation .cite");
    if (!button) return;
    const position = bots().findIndex((bot) => bot.contains(button));
    const number = button.dataset.question;
    if (panel()?.dataset.position === String(position) && reveal(number)) {
      event.stopPropagation(); // the panel shows this answer already
      return;
    }
    wanted = { position: String(position), number }; // the click goes on to the message, which brings its panel
  }, true);

  function language() {
    const root = document.documentElement;
    const masthead = document.querySelector("#title [data-language]");
    if (!masthead || root.dataset.worded === masthead.dataset.language) return;
    root.dataset.worded = root.lang = masthead.dataset.language;
    document.title = masthead.dataset.title;
  }

  new MutationObserver(() => {
    bots().forEach(decorate);
    nameChips();
    language();
    if (wanted && panel()?.dataset.position === wanted.position) {
      const { number } = wanted;
      wanted = null;
      reveal(number);
    }
  }).observe(document.documentElement, {
    childList: true, subtree: true, characterData: true,
    attributeFilter: ["data-language", "data-position", "data-titles"], // Gradio changes these in place
  });
})();
