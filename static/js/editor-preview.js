/* The finished prompt beside the form: what is typed, compiled by the server half
   a second after the last key, and the ways from spans to fields and back. */

import { fetchFragment } from "./editor-dock.js";
import { elementAt, openAround, pathOf } from "./editor-fields.js";

const PAUSE = 500;
const PARTS = ["problems", "prompt", "findings", "budget"];
const FAILED = "The preview cannot be loaded now. Your text is safe; it is tried again when you type.";

export function startPreview(page, { form, dock, sections }) {
  const root = page.querySelector("[data-preview]");
  const places = new Map(PARTS.map((part) => [part, page.querySelector(`[data-answer="${part}"]`)]));
  const status = root.querySelector("[data-preview-status]");
  const stages = root.querySelector("[data-preview-stages]");
  const elsewhere = root.querySelector("[data-elsewhere]");
  let timer = 0;
  let waiting = null;
  let marked = [];

  /* -- Asking ------------------------------------------------------------------- */

  function body() {
    const data = new FormData(form);
    // A picture is no part of a prompt, and can be large.
    for (const name of [...data.keys()]) if (name.endsWith("-file")) data.delete(name);
    return data;
  }

  async function refresh() {
    waiting?.abort();
    waiting = new AbortController();
    const { signal } = waiting;
    root.setAttribute("aria-busy", "true");
    try {
      const html = await fetchFragment(root.dataset.url, { method: "POST", body: body(), signal });
      if (signal.aborted) return;
      show(html);
    } catch (error) {
      if (signal.aborted) return;
      tell(error instanceof TypeError ? FAILED : error.message);
    }
    root.removeAttribute("aria-busy");
  }

  function later() {
    clearTimeout(timer);
    timer = setTimeout(refresh, PAUSE);
  }

  /* -- Showing ------------------------------------------------------------------ */

  function tell(words) {
    const text = document.createElement("p");
    text.className = "notice notice--warning";
    text.textContent = words;
    places.get("problems").replaceChildren(text);
    places.get("prompt").toggleAttribute("data-stale", true);
  }

  function show(html) {
    const answer = new DOMParser().parseFromString(html, "text/html");
    const state = JSON.parse(answer.getElementById("editor-preview-state").textContent);
    const isGood = Boolean(answer.querySelector('[data-part="prompt"]'));
    for (const part of PARTS) {
      const fresh = answer.querySelector(`[data-part="${part}"]`);
      // The last good prompt stays in sight while the form cannot make another.
      if (!fresh && !(isGood && part === "problems")) continue;
      places.get(part).replaceChildren(...(fresh ? document.adoptNode(fresh).childNodes : []));
    }
    for (const part of ["prompt", "budget"]) places.get(part).toggleAttribute("data-stale", !isGood);
    const stale = places.get("prompt").querySelector("#editor-prompt");
    status.textContent = isGood ? "" : "Something needs a change. The last prompt stays in sight.";
    if (isGood) makeSpansReachable(stale);
    showErrors(state.errors ?? {});
    showSections(state);
    if (state.stages) showStages(state.stages);
    if (state.is_as_live !== undefined) showBadge(state.is_as_live ? "live" : "draft");
    light(document.activeElement);
  }

  function showSections(state) {
    const isWrong = new Set(state.wrong ?? []);
    sections.show({ tokens: state.tokens ?? null, isWrong });
  }

  function showBadge(name) {
    for (const badge of page.querySelectorAll("[data-badge]")) badge.hidden = badge.dataset.badge !== name;
  }

  function showStages(options) {
    const known = [...stages.options].map((option) => [option.value, option.text]);
    if (JSON.stringify(known) === JSON.stringify(options)) return;
    const { value } = stages;
    stages.replaceChildren(...options.map(([key, words]) => new Option(words, key)));
    stages.value = options.some(([key]) => key === value) ? value : options[0]?.[0] ?? "";
    stages.closest("label").hidden = !options.length;
  }

  /* Beside each wrong field, what the server says of it. */
  function showErrors(errors) {
    for (const old of form.querySelectorAll("[data-live-error]")) {
      if (!(old.dataset.liveError in errors)) old.remove();
    }
    for (const [name, texts] of Object.entries(errors)) {
      const field = document.getElementById(`field-${name}`);
      if (!field) continue;
      let list = field.querySelector(":scope > [data-live-error]");
      if (!list) {
        list = document.createElement("p");
        list.className = "field__error";
        list.dataset.liveError = name;
        field.append(list);
      }
      const words = texts.join(" ");
      if (list.textContent !== words) list.textContent = words;
    }
  }

  /* -- From a span to its field --------------------------------------------------- */

  /* One span can be reached by Tab; arrow keys go on from it. */
  function makeSpansReachable(prompt) {
    const spans = prompt.querySelectorAll(".editor-prompt__span");
    for (const span of spans) {
      span.setAttribute("role", "button");
      span.tabIndex = -1;
    }
    prompt.tabIndex = spans.length ? -1 : 0;
    if (spans.length) spans[0].tabIndex = 0;
  }

  function goTo(path) {
    const element = elementAt(path);
    if (!element) return;
    dock.write();
    const control = openAround(element);
    control.scrollIntoView({ block: "center" });
    control.focus({ preventScroll: true });
    light(control);
  }

  function follow(span) {
    elsewhere.hidden = true;
    if (span.dataset.source) goTo(span.dataset.source);
    else tellElsewhere(span);
  }

  /* Another page writes it: nobody is taken there without having asked. */
  function tellElsewhere(span) {
    const title = span.title.split(" › ").at(-1);
    const { belongs } = span.closest("#editor-prompt").dataset;
    const link = elsewhere.querySelector("[data-elsewhere-link]");
    elsewhere.hidden = false;
    elsewhere.querySelector("[data-elsewhere-words]").textContent = `“${title}” belongs to ${belongs}.`;
    link.href = span.dataset.url;
    link.focus({ preventScroll: true });
  }

  function closeElsewhere() {
    const hadFocus = elsewhere.contains(document.activeElement);
    elsewhere.hidden = true;
    if (hadFocus) root.querySelector(".editor-prompt__span[tabindex='0']")?.focus({ preventScroll: true });
  }

  elsewhere.addEventListener("click", ({ target }) => {
    if (target.closest("[data-elsewhere-close]")) closeElsewhere();
  });
  elsewhere.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeElsewhere();
  });

  function spanOf(target) {
    return target.closest(".editor-prompt__span");
  }

  root.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-field]");
    const span = spanOf(event.target);
    if (link) {
      event.preventDefault();
      goTo(link.dataset.field);
    } else if (span && window.getSelection().isCollapsed) {
      // Who drags over the text wants to copy it.
      follow(span);
    }
  });
  root.addEventListener("keydown", (event) => {
    const span = spanOf(event.target);
    if (!span || event.altKey || event.ctrlKey || event.metaKey) return;
    const all = [...span.closest("#editor-prompt").querySelectorAll(".editor-prompt__span")];
    const at = all.indexOf(span);
    const next = {
      ArrowDown: all[at + 1],
      ArrowRight: all[at + 1],
      ArrowUp: all[at - 1],
      ArrowLeft: all[at - 1],
      Home: all[0],
      End: all.at(-1),
    }[event.key];
    if (event.key === "Enter" || event.key === " ") follow(span);
    else if (!next) return;
    event.preventDefault();
    if (!next) return;
    span.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });

  /* -- From a field to its spans --------------------------------------------------- */

  function spansFor(path) {
    const prompt = document.getElementById("editor-prompt");
    if (!path || !prompt) return [];
    const spans = [...prompt.querySelectorAll("[data-source]")];
    const inside = spans.filter(({ dataset: { source } }) => source === path || source.startsWith(`${path}.`));
    if (inside.length) return inside;
    // A line of a prompt can show several controls: the nearest above counts.
    const around = spans.filter(({ dataset: { source } }) => path.startsWith(`${source}.`));
    const nearest = Math.max(...around.map(({ dataset: { source } }) => source.length));
    return around.filter(({ dataset: { source } }) => source.length === nearest);
  }

  function light(control) {
    if (control && spanOf(control)) return;
    const found = control && form.contains(control) ? spansFor(pathOf(control)) : [];
    for (const span of marked) span.classList.remove("is-lit");
    marked = found;
    for (const span of marked) span.classList.add("is-lit");
    if (marked.length && dock.shown === "preview") scrollTo(marked[0]);
  }

  /* Only the pane scrolls; the form keeps its place. */
  function scrollTo(span) {
    const pane = span.closest("[data-dock-pane]");
    const { top, bottom } = pane.getBoundingClientRect();
    const place = span.getBoundingClientRect();
    if (place.top >= top && place.bottom <= bottom) return;
    pane.scrollTop += place.top - top - (bottom - top) / 3;
  }

  form.addEventListener("focusin", ({ target }) => {
    elsewhere.hidden = true;
    light(target);
  });

  /* -- When --------------------------------------------------------------------------- */

  form.addEventListener("editor:changed", later);
  root.addEventListener("change", ({ target }) => {
    if (target.matches("[data-preview-option]")) refresh();
  });
  root.addEventListener("input", ({ target }) => {
    if (target.matches("input[data-preview-option]")) later();
  });
  refresh();
}
