// The co-branding page while one types: letters counted as people see them, frames that change without a flash, formatted words.
// Everything here works without it too, with the buttons of the form.
(() => {
  "use strict";

  const form = document.getElementById("words");
  const number = (value) => value.toLocaleString("en");
  const letters = typeof Intl.Segmenter === "function" ? new Intl.Segmenter(undefined, { granularity: "grapheme" }) : null;
  const tidy = (text) => text.normalize("NFC").replace(/[^\S\n]+/g, " ").trim();

  const length = (text) => {
    const parts = letters ? [...letters.segment(tidy(text))].map((part) => part.segment) : [...tidy(text)];
    return parts.filter((part) => !/^\p{Cf}+$/u.test(part)).length;
  };

  const count = (counter) => {
    const input = document.getElementById(counter.dataset.letters);
    if (!input) return;
    const text = input.matches("[data-rich]") ? new DOMParser().parseFromString(input.value, "text/html").body.textContent : input.value;
    const used = length(text);
    const most = Number(counter.dataset.most);
    counter.textContent = `${number(used)} of ${number(most)}`;
    counter.classList.toggle("is-over", used > most);
  };

  const markWrong = (after) => {
    const wrong = after.hasAttribute("data-wrong");
    const id = after.dataset.after;
    for (const input of [document.getElementById(id), document.getElementById(`${id}-rich`)]) {
      if (!input) continue;
      (input.closest(".tl-rich") || input).classList.toggle("is-invalid", wrong);
      if (wrong) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  };

  // Frames: the next one loads behind the one that is seen, and takes its place when it is there.
  const show = () => {
    const live = document.getElementById("live");
    const stage = document.getElementById("stage");
    if (!live || !stage || !live.dataset.src || stage.dataset.looks === live.dataset.looks) return;
    if (!stage.querySelector("iframe")) { window.location.reload(); return; }
    stage.dataset.looks = live.dataset.looks;
    stage.querySelectorAll(".is-coming").forEach((frame) => frame.remove());
    stage.querySelectorAll("iframe").forEach((frame) => {
      const src = frame.classList.contains("as-dark") ? live.dataset.dark : live.dataset.src;
      if (!src) return;
      if (frame.offsetParent === null) { frame.src = src; return; }
      const next = frame.cloneNode();
      next.loading = "eager";
      next.src = src;
      next.classList.add("is-coming");
      next.addEventListener("load", () => { frame.remove(); next.classList.remove("is-coming"); }, { once: true });
      frame.after(next);
    });
  };

  // Formatted words
  const TAGS = { P: "p", DIV: "p", BR: "br", B: "b", STRONG: "strong", I: "i", EM: "em", U: "u", UL: "ul", OL: "ol", LI: "li", A: "a" };

  const copy = (from, to) => {
    from.childNodes.forEach((node) => {
      if (node.nodeType === Node.TEXT_NODE) { to.append(node.textContent); return; }
      const tag = node.nodeType === Node.ELEMENT_NODE && TAGS[node.tagName];
      if (!tag) { if (node.nodeType === Node.ELEMENT_NODE && !/^(SCRIPT|STYLE|TEMPLATE)$/.test(node.tagName)) copy(node, to); return; }
      const made = document.createElement(tag);
      if (tag === "a" && /^(https|mailto|tel):/i.test(node.getAttribute("href") || "")) made.setAttribute("href", node.getAttribute("href"));
      copy(node, made);
      to.append(made);
    });
  };

  const readIn = (text) => {
    const made = document.createElement("div");
    if (/<[a-z/!]/i.test(text)) copy(new DOMParser().parseFromString(text, "text/html").body, made);
    else text.split(/\n{2,}/).forEach((block) => {
      const p = document.createElement("p");
      block.split("\n").forEach((line, at) => { if (at) p.append(document.createElement("br")); p.append(line); });
      made.append(p);
    });
    return made;
  };

  const BUTTONS = [["bold", "B", "Bold"], ["italic", "I", "Italic"], ["insertUnorderedList", "• List", "List"], ["createLink", "Link", "Link"], ["unlink", "No link", "No link here"]];

  const dress = (area) => {
    if (area.dataset.rich === "ready") return;
    area.dataset.rich = "ready";
    const box = document.createElement("div");
    box.className = "tl-rich";
    const bar = document.createElement("div");
    bar.className = "tl-rich-bar";
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Format");
    const text = document.createElement("div");
    text.className = "tl-rich-text";
    text.id = `${area.id}-rich`;
    text.contentEditable = area.closest("fieldset[disabled]") ? "false" : "true";
    const about = { role: "textbox", "aria-multiline": "true", "aria-labelledby": `${area.id}-l` };
    for (const name of ["aria-describedby", "aria-required", "aria-invalid"]) if (area.getAttribute(name)) about[name] = area.getAttribute(name);
    Object.entries(about).forEach(([name, value]) => text.setAttribute(name, value));
    text.append(...readIn(area.value).childNodes);
    if (!text.textContent.trim()) text.innerHTML = "<p><br></p>"; // an empty paragraph has no line to write on
    BUTTONS.forEach(([command, words, name]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words;
      button.setAttribute("aria-label", name);
      button.addEventListener("click", () => {
        text.focus();
        const value = command === "createLink" ? window.prompt("Where does the link lead?", "https://") : null;
        if (command !== "createLink" || value) document.execCommand(command, false, value);
      });
      bar.append(button);
    });
    text.addEventListener("focus", () => document.execCommand("defaultParagraphSeparator", false, "p"), { once: true });
    text.addEventListener("input", () => {
      const made = document.createElement("div");
      copy(text, made);
      area.value = made.textContent.trim() ? made.innerHTML : "";
      document.querySelectorAll(`[data-letters="${CSS.escape(area.id)}"]`).forEach(count);
    });
    text.addEventListener("paste", (event) => {
      event.preventDefault();
      document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
    });
    area.addEventListener("focus", () => text.focus());
    box.append(bar, text);
    area.after(box);
    area.classList.add("visually-hidden");
    area.tabIndex = -1;
    area.setAttribute("aria-hidden", "true");
    if (area.getAttribute("aria-invalid")) box.classList.add("is-invalid");
  };

  // Which tab of the preview is open outlives its exchange.
  let tab = null;
  const keepTab = () => { tab = document.querySelector('input[name="pv"]:checked')?.id || tab; };
  const openTab = () => { const radio = tab && document.getElementById(tab); if (radio) radio.checked = true; };

  const pane = () => {
    const wanted = location.hash === "#preview" ? "pane-preview" : location.hash ? "pane-words" : null;
    const radio = wanted && document.getElementById(wanted);
    if (radio) radio.checked = true;
  };

  const prepare = () => {
    document.querySelectorAll("[data-rich]").forEach(dress);
    document.querySelectorAll("[data-letters]").forEach(count);
    document.querySelectorAll("[data-after]").forEach(markWrong);
  };

  const say = (text) => { const line = document.getElementById("saved"); if (line) line.textContent = text; };
  let pending = false;
  const flush = () => { if (pending) form?.dispatchEvent(new Event("change", { bubbles: true })); };

  document.addEventListener("input", (event) => {
    const id = event.target.id;
    if (id) document.querySelectorAll(`[data-letters="${CSS.escape(id)}"]`).forEach(count);
    if (form?.contains(event.target)) { pending = true; say("Saving…"); }
  });
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.elt === form) pending = false; });
  for (const kind of ["htmx:sendError", "htmx:responseError"]) document.addEventListener(kind, (event) => {
    if (event.detail.elt !== form) return;
    pending = true;
    say(kind === "htmx:sendError" ? "Not saved: no connection. It is tried again." : "Not saved. Load the page again, and copy what you typed before.");
  });
  window.addEventListener("online", flush);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") flush(); });
  window.addEventListener("beforeunload", (event) => { if (pending && !form?.dataset.sent) event.preventDefault(); });

  document.addEventListener("htmx:beforeSwap", keepTab);
  document.addEventListener("htmx:afterSettle", () => { openTab(); prepare(); show(); });
  window.addEventListener("hashchange", pane);
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#slot-"], #errors a') : null;
    if (!link) return;
    const field = document.getElementById(link.hash.slice(1));
    if (field) { event.preventDefault(); history.replaceState(null, "", link.hash); pane(); field.focus(); field.scrollIntoView({ block: "center" }); }
  });

  if (window.matchMedia("(max-width: 820px)").matches) { tab = "pv-phone"; openTab(); }
  const stage = document.getElementById("stage");
  if (stage) stage.dataset.looks = document.getElementById("live")?.dataset.looks || "";
  prepare();
  pane();
})();
