/* The mixer: sliders that move each other, and what comes of them. The form
   works without; then the boxes are plain numbers that the server scales. */

import { moved, scaled, tenths } from "./mixer-shares.js";

const PAUSE = 500;
const CUT_OFF = 10;
const WRONG = "Write a percentage from 0 to 100.";

const form = document.querySelector("[data-mixer]");
const result = document.querySelector("[data-mixer-result]");
const state = form.querySelector("[data-mixer-state]");
const pattern = document.querySelector("template[data-mixer-row]");
const { frameworks, table } = JSON.parse(document.getElementById("mixer-data").textContent);
const known = new Map(frameworks.map((framework) => [framework.id, framework]));
const isEditable = Boolean(state);

class Kind {
  constructor(element) {
    this.element = element;
    this.context = element.dataset.mixerKind;
    this.list = element.querySelector("[data-mixer-rows]");
    this.adding = element.querySelector("[data-mixer-add]");
    this.own = null; // Own weights, kept while the installation's are shown.
    this.proportions = new WeakMap();
    for (const row of this.rows) this.dress(row);
    this.settle();
  }

  get rows() {
    return [...this.list.children];
  }

  get isOwn() {
    return this.element.querySelector("input[value=own]").checked;
  }

  get shares() {
    return this.rows.map((row) => Math.max(Number(box(row).value) || 0, 0));
  }

  /* Exact shares are remembered, so that moving there and back loses nothing. */
  exact() {
    const shown = this.shares;
    const written = this.rows.map((row, at) => {
      const kept = this.proportions.get(row);
      return kept && kept.shown === box(row).value ? kept.exact : shown[at];
    });
    const isWhole = Math.abs(written.reduce((all, one) => all + one, 0) - 100) < 1e-6;
    return isWhole ? written : scaled(written);
  }

  dress(row) {
    const slider = row.querySelector("[data-mixer-slider]");
    slider.hidden = false;
    box(row).max = "100";
    const remove = row.querySelector("[data-mixer-remove]");
    if (remove) remove.hidden = !isEditable;
    this.follow(row);
  }

  /* The slider stands where the number says. */
  follow(row) {
    const slider = row.querySelector("input[type=range]");
    slider.value = box(row).value;
    slider.setAttribute("aria-valuetext", `${box(row).value || 0} percent`);
  }

  move(row, to, { isTyped = false } = {}) {
    const rows = this.rows;
    const at = rows.indexOf(row);
    const before = this.exact();
    const others = rows.map((each) => this.proportions.get(each)?.last ?? 0);
    this.write(moved(before, at, to, others), { kept: at, typing: isTyped ? row : null });
    this.choose("own");
  }

  write(exact, { kept = -1, typing = null } = {}) {
    const texts = tenths(exact, exact.length > 1 ? kept : -1);
    this.rows.forEach((row, at) => {
      if (row !== typing) box(row).value = texts[at];
      const last = exact[at] > 0 ? exact[at] : this.proportions.get(row)?.last;
      this.proportions.set(row, { exact: exact[at], shown: box(row).value, last });
      this.follow(row);
    });
    this.settle();
  }

  /* What does not count is told, and what can be added is offered. */
  settle() {
    const rows = this.rows;
    const usable = rows.filter((row) => !("unusable" in row.dataset));
    const shares = new Map(rows.map((row) => [row, Number(box(row).value) || 0]));
    const total = usable.reduce((all, row) => all + shares.get(row), 0);
    for (const row of rows) {
      const share = total > 0 ? (100 * shares.get(row)) / total : 0;
      const isUsable = usable.includes(row);
      const isOut = !isUsable || share <= CUT_OFF + 1e-9;
      row.classList.toggle("is-out", isOut);
      const words = isUsable ? "Not above 10 %, left out." : "Cannot be mixed, left out.";
      tell(row, isOut ? words : "");
    }
    this.offer();
  }

  offer() {
    if (!this.adding) return;
    const select = this.adding.querySelector("select");
    const taken = new Set(this.rows.map((row) => row.dataset.mixerWeight));
    const left = frameworks.filter(({ id, note }) => !taken.has(id) && note !== "Archived");
    const options = left.map(({ id, name, note }) => {
      return new Option(note ? `${name} (${note.toLowerCase()})` : name, id);
    });
    select.replaceChildren(select.options[0], ...options);
    select.value = "";
    this.adding.hidden = left.length === 0;
  }

  add(id, percent) {
    const { name, note, isUsable } = known.get(id) ?? { name: id, note: "No such framework" };
    const row = pattern.content.firstElementChild.cloneNode(true);
    row.dataset.mixerWeight = id;
    if (!isUsable) row.dataset.unusable = "";
    for (const each of row.querySelectorAll("[data-name]")) each.textContent = name;
    const badge = row.querySelector("[data-note]");
    badge.textContent = note;
    badge.hidden = !note;
    const input = box(row);
    input.name = `weight.${this.context}.${id}`;
    input.id = input.name;
    input.value = percent;
    row.querySelector("label").htmlFor = input.id;
    row.querySelector("input[type=range]").setAttribute("aria-label", name);
    this.list.append(row);
    this.dress(row);
    return row;
  }

  remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    if (this.rows.length) this.write(scaled(this.shares));
    else this.settle();
    this.choose("own");
    (next?.querySelector("input[type=range]") ?? this.adding.querySelector("select")).focus();
  }

  choose(source) {
    this.element.querySelector(`input[value=${source}]`).checked = true;
  }

  /* The installation's weights are shown as they are; the own ones come back. */
  show(source) {
    if (source === "table") {
      this.own = this.rows.map((row) => [row.dataset.mixerWeight, box(row).value]);
    }
    const own = this.own ?? [];
    const installed = (table[this.context] ?? []).map(({ id, percent }) => [id, percent]);
    if (source === "own" && !own.length) return;
    this.list.replaceChildren();
    for (const [id, percent] of source === "table" ? installed : own) this.add(id, percent);
    this.settle();
  }
}

function box(row) {
  return row.querySelector(".mixer-row__box input");
}

function isWrong(row) {
  const { value, validity } = box(row);
  return validity.badInput || (value !== "" && !(Number(value) >= 0 && Number(value) <= 100));
}

/* Below the box: what is wrong with it, else `words`. */
function tell(row, words) {
  const note = row.querySelector("[data-why]");
  const isBad = isWrong(row);
  row.querySelector(".field__error:not([data-why])")?.remove(); // As the server saw it.
  note.textContent = isBad ? WRONG : words;
  note.classList.toggle("field__error", isBad);
  note.id = `${box(row).id}.why`;
  box(row).toggleAttribute("aria-invalid", isBad);
  if (isBad) {
    box(row).setAttribute("aria-invalid", "true");
    box(row).setAttribute("aria-describedby", note.id);
  }
}

/* -- What comes of it ------------------------------------------------------------ */

let asked = 0;
let timer = 0;
let running = null;

/* Only the answer to the last question is shown. A message that is tried picks
   the kind; whatever else is asked leaves it. */
async function preview(isTrying) {
  const question = ++asked;
  const body = new FormData(form);
  if (isTrying) body.set("_try", "yes");
  running?.abort();
  running = new AbortController();
  result.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.previewUrl, {
      method: "POST",
      body,
      headers: { "HX-Request": "true" },
      signal: running.signal,
    });
    if (answer.redirected || (!answer.ok && answer.status !== 422)) {
      throw new Error(String(answer.status));
    }
    const html = await answer.text();
    if (question !== asked) return;
    result.innerHTML = html;
    if (isTrying) look(kinds.get(kindElement(result.firstElementChild.dataset.kind)));
    state.textContent = result.firstElementChild.dataset.summary || "This cannot be mixed yet.";
  } catch (error) {
    if (question !== asked || error.name === "AbortError") return;
    state.textContent =
      "What comes of it cannot be loaded. Your weights are still here; check the connection, or sign in again in another tab.";
  }
  result.removeAttribute("aria-busy");
}

function previewSoon(pause = PAUSE, { isTrying = false } = {}) {
  clearTimeout(timer);
  timer = setTimeout(preview, pause, isTrying);
}

/* -- The form ---------------------------------------------------------------------- */

const kinds = new Map(
  [...form.querySelectorAll("[data-mixer-kind]")].map((element) => [element, new Kind(element)]),
);

function kindElement(context) {
  return form.querySelector(`[data-mixer-kind="${CSS.escape(context)}"]`);
}

function kindOf(target) {
  return kinds.get(target.closest("[data-mixer-kind]"));
}

function rowOf(target) {
  return target.closest("[data-mixer-weight]");
}

/* Whatever is touched is what is shown. */
function look(kind) {
  const choice = kind.element.querySelector("input[name=kind]");
  choice.checked = true;
  for (const [element, each] of kinds) element.classList.toggle("is-chosen", each === kind);
}

let opened = null;

function written() {
  const data = new FormData(form);
  for (const name of ["kind", "message", "csrfmiddlewaretoken", "revision"]) data.delete(name);
  for (const name of [...data.keys()]) if (name.startsWith("add.")) data.delete(name);
  return JSON.stringify([...data]);
}

function onInput({ target }) {
  if (target.matches("[data-mixer-message]")) return previewSoon(PAUSE, { isTrying: true });
  const kind = kindOf(target);
  const row = rowOf(target);
  if (!row) return;
  const isTyped = target === box(row);
  if (isTyped && isWrong(row)) return tell(row, "");
  if (isTyped && target.value === "") return; // Still being typed.
  kind.move(row, Number(target.value), { isTyped });
  look(kind);
  previewSoon();
}

function onChange({ target }) {
  const kind = kindOf(target);
  if (target.name === "enabled") previewSoon(0);
  if (!kind) return;
  const row = rowOf(target);
  if (row && target === box(row)) {
    if (isWrong(row)) return tell(row, "");
    kind.move(row, Number(target.value) || 0);
  } else if (target.name === "kind") {
    previewSoon(0);
  } else if (target.name.startsWith("source.")) {
    kind.show(target.value);
    previewSoon(0);
  } else return;
  look(kind);
}

function onClick(event) {
  const button = event.target.closest("button");
  if (button?.matches("[data-mixer-try]")) {
    event.preventDefault();
    return previewSoon(0, { isTrying: true });
  }
  const kind = button && kindOf(button);
  if (!kind) return;
  if (button.matches("[data-mixer-remove]")) {
    kind.remove(rowOf(button));
  } else if (button.name === "_add") {
    event.preventDefault();
    const select = kind.adding.querySelector("select");
    if (!select.value) return select.focus();
    const row = kind.add(select.value, kind.rows.length ? "0" : "100");
    kind.choose("own");
    kind.settle();
    row.querySelector("input[type=range]").focus();
  }
  look(kind);
  previewSoon();
}

let isSaving = false;

if (isEditable) {
  form.querySelector("[data-mixer-show]").hidden = true;
  opened = document.querySelector("[aria-invalid=true], [data-mixer-stale]") ? "" : written();
  form.addEventListener("input", onInput);
  form.addEventListener("change", onChange);
  form.addEventListener("click", onClick);
  form.addEventListener("submit", () => {
    isSaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!isSaving && written() !== opened) event.preventDefault();
  });
  window.addEventListener("pageshow", () => {
    isSaving = false;
  });
}
