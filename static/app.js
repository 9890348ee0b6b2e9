// What makes pages livelier; each works without it. No inline handlers, so it runs under script-src 'self'.
(() => {
  "use strict";

  const count = (value) => value.toLocaleString("en");

  const updateCounter = (counter) => {
    const input = document.getElementById(counter.dataset.counter);
    if (!input) return;
    const used = input.value.length;
    const most = Number(counter.dataset.most);
    counter.textContent = `${count(used)} of ${count(most)}`;
    counter.classList.toggle("is-over", used > most);
  };

  const prepare = (root) => {
    root.querySelectorAll("[data-dismiss]").forEach((button) => { button.hidden = false; });
    root.querySelectorAll("[data-counter]").forEach(updateCounter);
    root.querySelectorAll("[data-copy]").forEach((button) => { button.hidden = !navigator.clipboard; });
  };

  const say = (text, bad) => {
    const toast = document.createElement("div");
    toast.className = "tl-toast";
    toast.setAttribute("role", bad ? "alert" : "status");
    const words = document.createElement("div");
    words.textContent = text;
    toast.append(words);
    document.getElementById("toasts")?.append(toast);
    setTimeout(() => toast.remove(), 8000);
  };

  document.addEventListener("input", (event) => {
    const id = event.target.id;
    if (!id) return;
    document.querySelectorAll(`[data-counter="${CSS.escape(id)}"]`).forEach(updateCounter);
  });

  // A colour can be picked or typed: the two inputs show the same one.
  document.addEventListener("input", (event) => {
    const other = event.target.dataset?.colour && document.getElementById(event.target.dataset.colour);
    if (other && /^#[0-9a-f]{6}$/i.test(event.target.value)) other.value = event.target.value.toLowerCase();
  });

  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const dismiss = target?.closest("[data-dismiss]");
    if (dismiss) dismiss.closest(".tl-toast")?.remove();
    const copy = target?.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => say("Copied.", false));
    document.querySelectorAll("details.tl-switch[open], details.tl-more[open]").forEach((open) => {
      if (!open.contains(target)) open.open = false;
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll("details.tl-switch[open], details.tl-more[open]").forEach((open) => {
      open.open = false;
      open.querySelector("summary")?.focus();
    });
  });

  // A form that is sent twice by a double click would be refused the second time; so it is sent once.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => { delete form.dataset.sent; }, 5000);
  });

  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) {
    document.addEventListener(type, (event) => {
      const zone = event.target instanceof Element ? event.target.closest("[data-drop]") : null;
      if (!zone) return;
      zone.classList.toggle("is-over", type === "dragenter" || type === "dragover");
      const input = zone.querySelector("input[type=file]");
      if (type === "dragover") event.preventDefault();
      if (type === "drop" && input && event.dataTransfer?.files.length) {
        event.preventDefault();
        input.files = event.dataTransfer.files;
        input.dispatchEvent(new Event("change", { bubbles: true }));
      }
    });
  }

  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector('meta[name="csrf-token"]');
    if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token.content;
  });
  document.addEventListener("htmx:afterSwap", (event) => prepare(event.detail.target));
  document.addEventListener("htmx:responseError", (event) => {
    const answer = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
    say(answer.querySelector(".tl-notice")?.textContent.trim() || "This didn’t work. Load the page again.", true);
  });
  document.addEventListener("htmx:sendError", () => say("No connection. What you see may be old.", true));

  window.addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form[data-sent]").forEach((form) => { delete form.dataset.sent; });
  });

  prepare(document);
})();
