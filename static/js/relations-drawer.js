/* Two characters beside what they were opened from: a drawer that loads the pair's
   page as a fragment. Its forms are htmx's; what they say comes as "pair:told".

   Opened by links with data-pair and by the event "relations:open". Without this
   script, and with Ctrl or a middle click, a link leads to the page. */

import { showToast } from "./toasts.js";

const dialog = document.querySelector("[data-pair-drawer]");
const body = dialog?.querySelector("[data-pair-body]");
let opener = null;
let asked = 0;

async function fragment(url) {
  const response = await fetch(url, { headers: { "HX-Request": "true" }, cache: "no-store" });
  if (!response.ok || response.redirected) throw new Error(`${url} answered ${response.status}.`);
  return response.text();
}

async function open(url) {
  asked += 1;
  const mine = asked;
  if (!dialog.open) {
    opener = document.activeElement;
    begin(url);
    dialog.showModal();
  }
  try {
    const html = await fragment(url);
    if (mine === asked && dialog.open) show(url, html);
  } catch (error) {
    console.warn(error);
    if (mine === asked) fail(url);
  }
}

function begin(url) {
  name("Loading…", url);
  const waiting = document.createElement("div");
  waiting.className = "skeleton skeleton--block";
  body.replaceChildren(waiting);
  body.setAttribute("aria-busy", "true");
}

function show(url, html) {
  body.innerHTML = html;
  body.removeAttribute("aria-busy");
  window.htmx.process(body);
  // For what finds its elements when htmx brings some, such as live regions.
  body.firstElementChild.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true }));
  name(body.querySelector("[data-pair-panel]").dataset.title, url);
  body.scrollTo(0, 0);
}

function fail(url) {
  name("Not loaded", url);
  body.removeAttribute("aria-busy");
  const words = document.createElement("p");
  words.textContent = "This did not load. The link above opens it as a page.";
  body.replaceChildren(words);
}

function name(title, url) {
  dialog.querySelector("[data-pair-title]").textContent = title;
  dialog.querySelector("[data-pair-page]").href = url;
}

const isPlain = (event) =>
  event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

if (dialog) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-pair]");
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    open(link.href);
  });
  document.addEventListener("relations:open", (event) => {
    event.preventDefault();
    open(event.detail.url);
  });
  dialog.addEventListener("close", () => {
    asked += 1;
    // What is live in it has nobody to tell any more.
    body.replaceChildren();
    if (opener?.isConnected) opener.focus();
  });
}

/* What was done, with the way back. */
document.addEventListener("pair:told", ({ detail }) => {
  const { text, kind, undo } = detail;
  const run = () =>
    window.htmx.ajax("POST", undo, {
      target: "#pair",
      swap: "outerHTML",
      headers: { "X-CSRFToken": document.querySelector("#pair [name=csrfmiddlewaretoken]").value },
    });
  const toast = showToast({ text, kind, action: undo ? { text: "Undo", run } : undefined });
  // Behind an open dialog nothing can be clicked.
  if (dialog?.open) dialog.querySelector("[data-pair-told]").replaceChildren(toast);
});

/* Who has not begun to write starts from what they see now. */
document.addEventListener("live:load", ({ target }) => {
  const { tag } = target.dataset;
  if (!tag) return;
  for (const form of document.querySelectorAll("[data-pair-form]")) {
    const { started, which, seen, reason } = form.elements;
    const isBegun = [...form.querySelectorAll("input:not([type=hidden]), textarea")].some(
      (field) => field.value !== field.defaultValue,
    );
    if (isBegun || form.querySelector("[data-problems]") || form.elements.topics || !reason) continue;
    started.value = tag;
    if (which && seen) seen.value = seenIn(target, which.value);
  }
});

function seenIn(region, which) {
  return region.querySelector(`[data-way="${which}"] [data-feeling] [data-part="text"]`).textContent;
}

/* What is wrong is where the reader is. */
document.addEventListener("htmx:afterSwap", ({ target }) => {
  const panel = target.closest?.("#pair") ?? document.querySelector("#pair");
  const first = panel?.querySelector("[data-problems], .field--invalid :is(input, textarea), [role=alert]");
  first?.focus();
});
