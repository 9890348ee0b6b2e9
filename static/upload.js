// Files go up one by one, each with its progress and its own outcome. The form works without this: it is then sent whole.
//
//   <form data-upload method="post" action="…" enctype="multipart/form-data">   data-upload="now": starts once files are chosen
//     …a file input (one, or multiple; data-most: the size in bytes), other fields travel with every file…
//     <ul data-upload-list class="tl-uploads" aria-live="polite" hidden></ul>
//     <button data-upload-start>: hidden where it starts by itself
//
// The action is asked for JSON and answers {"ok", "message"} for the file, or {"location"}: where to go on. An answer in HTML is shown
// in place of the page. data-upload-refresh="#files" takes that part of this page afresh after each file. data-direct="…" asks
// for a ticket {"url", "fields", "done", "token"} first, sends the bytes to `url`, and then posts `token` to `done` for the outcome.
(() => {
  "use strict";

  const AT_ONCE = 2;
  const csrf = () => document.querySelector('meta[name="csrf-token"]')?.content || "";
  const megabytes = (bytes) => `${(bytes / 1048576).toFixed(1).replace(/\.0$/, "")} MB`;

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  const line = (list, file) => {
    const item = element("li", "tl-upload");
    const bar = element("progress", "tl-progress");
    const words = element("span", "tl-upload-words", "Waits");
    const button = element("button", "btn btn-quiet btn-sm");
    bar.max = 100;
    bar.value = 0;
    bar.setAttribute("aria-label", `Progress of ${file.name}`);
    button.type = "button";
    button.hidden = true;
    item.append(element("b", "tl-upload-name", file.name), words, button, bar);
    list.append(item);
    list.hidden = false;
    return {
      say(text, tone) {
        words.textContent = text;
        item.dataset.tone = tone || "";
        bar.hidden = tone === "good" || tone === "bad";
      },
      progress(share) {
        bar.value = Math.round(100 * share);
        words.textContent = share < 1 ? `${Math.round(100 * share)} %` : "Being checked";
      },
      offer(label, act) {
        button.hidden = !label;
        button.textContent = label || "";
        button.onclick = act || null;
      },
    };
  };

  // One request, with progress on the way up; settles with the request itself, fails only where there was no answer.
  const send = (url, body, { onProgress, onStart, ours = true } = {}) => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    if (ours) {
      request.setRequestHeader("Accept", "application/json, text/html;q=0.9");
      request.setRequestHeader("X-CSRFToken", csrf());
    }
    if (onProgress) {
      request.upload.onprogress = (event) => { if (event.lengthComputable) onProgress(event.loaded / event.total); };
      request.upload.onload = () => onProgress(1);
    }
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Error("No connection. Nothing of this file was kept."));
    request.onabort = () => reject(new Error("Stopped. Nothing of this file was kept."));
    onStart?.(request);
    request.send(body);
  });

  const json = (request) => {
    try {
      return /json/.test(request.getResponseHeader("Content-Type") || "") ? JSON.parse(request.responseText) : null;
    } catch {
      return null;
    }
  };

  const outcome = (request) => {
    const answer = json(request);
    if (answer?.location) return { location: answer.location };
    if (answer?.error) return { ok: false, message: Object.values(answer.error.fields || {})[0] || answer.error.message };
    if (answer) return { ok: Boolean(answer.ok), message: answer.message };
    if (request.status === 413) return { ok: false, message: "This file is too large." };
    return request.responseText.includes('id="main"')
      ? { page: request }
      : { ok: false, message: "This didn’t work. Try once more." };
  };

  const showPage = (request) => {
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    for (const id of ["main", "toasts"]) {
      const there = document.getElementById(id);
      const comes = page.getElementById(id);
      if (there && comes) there.replaceChildren(...comes.childNodes);
    }
    document.title = page.title;
    if (request.responseURL && request.responseURL !== location.href) history.pushState(null, "", request.responseURL);
    const main = document.getElementById("main");
    window.htmx?.process(main);
    prepare(main);
    (main.querySelector("#errors") || main).focus();
  };

  // One after the other, so that an older answer never takes the place of a newer one.
  let refreshed = Promise.resolve();
  const refresh = (form) => {
    refreshed = refreshed.then(() => takeAfresh(form.dataset.uploadRefresh));
    return refreshed;
  };

  const takeAfresh = async (selector) => {
    if (!selector) return;
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const there = document.querySelector(selector);
    const comes = page.querySelector(selector);
    if (!there || !comes) return;
    there.replaceWith(comes);
    window.htmx?.process(comes);
  };

  const plain = (form, input, file, watch) => {
    const body = new FormData(form);
    body.delete(input.name);
    body.append(input.name, file, file.name);
    return send(form.action, body, watch);
  };

  const direct = async (form, input, file, watch) => {
    const asked = new FormData(form);
    asked.delete(input.name);
    asked.append("name", file.name);
    asked.append("size", file.size);
    asked.append("type", file.type);
    const ticket = await send(form.dataset.direct, asked);
    const found = json(ticket);
    if (!found?.url) return ticket;
    const body = new FormData();
    Object.entries(found.fields).forEach(([name, value]) => body.append(name, value));
    body.append("file", file, file.name);
    try {
      const stored = await send(found.url, body, { ...watch, ours: false });
      if (stored.status >= 300) throw new Error("refused");
    } catch (error) {
      if (watch.stopped()) throw error;
      return plain(form, input, file, watch); // the bucket doesn't take it from this page: the long way round works
    }
    const done = new FormData();
    done.append("token", found.token);
    return send(found.done, done);
  };

  const one = async (form, input, file, shown) => {
    const most = Number(input.dataset.most || 0);
    if (most && file.size > most) {
      shown.say(`This file has ${megabytes(file.size)}; ${megabytes(most)} is the most.`, "bad");
      return null;
    }
    let running = null;
    let stopped = false;
    shown.say("Starts");
    shown.offer("Stop", () => { stopped = true; running?.abort(); });
    const watch = { onProgress: shown.progress, onStart: (request) => { running = request; }, stopped: () => stopped };
    try {
      const way = form.dataset.direct ? direct : plain;
      const got = outcome(await way(form, input, file, watch));
      shown.offer(null);
      if (got.location || got.page) shown.say("Done", "good");
      else shown.say(got.message || (got.ok ? "Done" : "This file can’t be taken."), got.ok ? "good" : "bad");
      return got;
    } catch (error) {
      shown.say(error.message, "bad");
      shown.offer("Try again", () => run(form, input, [[file, shown]]));
      return null;
    }
  };

  const run = async (form, input, waiting) => {
    let goOn = null;
    const work = async () => {
      while (waiting.length) {
        const [file, shown] = waiting.shift();
        const got = await one(form, input, file, shown);
        if (got?.ok) await refresh(form);
        if (got?.location || got?.page) goOn = got;
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, work));
    if (goOn?.location) location.assign(goOn.location);
    else if (goOn?.page) showPage(goOn.page);
  };

  const begin = (form, input) => {
    const list = form.querySelector("[data-upload-list]");
    const files = Array.from(input.files || []);
    if (!list || !files.length) return false;
    if (!input.multiple) list.replaceChildren();
    const waiting = files.map((file) => [file, line(list, file)]);
    run(form, input, waiting).finally(() => { if (input.multiple) input.value = ""; });
    return true;
  };

  const prepare = (root) => {
    root.querySelectorAll("form[data-upload]").forEach((form) => {
      const input = form.querySelector("input[type=file]");
      if (!input || form.dataset.uploadReady) return;
      form.dataset.uploadReady = "yes";
      if (form.dataset.upload === "now") {
        form.querySelectorAll("[data-upload-start]").forEach((button) => { button.hidden = true; });
        input.addEventListener("change", () => begin(form, input));
      }
      form.addEventListener("submit", (event) => { if (begin(form, input)) event.preventDefault(); });
    });
  };

  prepare(document);
})();
