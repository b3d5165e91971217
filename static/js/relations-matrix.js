/* The matrix of feelings: the row feels, the column is felt for. Changed cells alone
   are painted again, and nothing is sorted under the reader. */

import "./relations-filters.js";
import { MOST_COMPARED, bySimilarity, byStrength } from "./relations-order.js";
import { openPair } from "./relations-pair.js";
import { keyOf, signed, toneOf } from "./relations-rules.js";
import { showState, told } from "./relations-states.js";
import { store } from "./relations-store.js";
import { Window } from "./relations-matrix-window.js";

const SIZES = { small: 14, medium: 32, large: 46 };
const LEAST_FOR_NUMBERS = 24;
const FEW = 16;
const FRESH = 60_000; // milliseconds that an arrow tells of a change
const root = document.querySelector("[data-relations-matrix]");
const frame = root.querySelector("[data-matrix-frame]");
const readout = root.querySelector("[data-matrix-readout]");
const sizes = root.querySelector("[data-matrix-size]");
const orders = root.querySelector("[data-matrix-order]");
const resort = root.querySelector("[data-matrix-resort]");

let order = []; // ids
let shown = new Set(); // keys
let known = new Map(); // key → value, to tell whether it rose
let at = { row: null, column: null }; // what the keyboard is on
let asked = 0;
let hasSize = false; // chosen by the reader
const fresh = new Map(); // key → {rose, until}
const waiting = new Set(); // keys to paint again
const pins = { row: new Set(), column: new Set() };

const cells = new Window(frame, { paint, onShow: settleFocus });

// -- Cells ----------------------------------------------------------------------------

function wordsOf(row, column) {
  const [who, other] = [store.nameOf(row), store.nameOf(column)];
  if (row === column) return who;
  const direction = store.direction(row, column);
  if (!direction) return `${who} has no feeling for ${other} yet`;
  const { value } = direction;
  return `${who} feels ${signed(value)} for ${other}, ${store.bandOf(value).toLowerCase()}`;
}

function paint(slot, row, column) {
  if (row === null || column === null) paintName(slot, row ?? column, row === null ? "column" : "row");
  else paintCell(slot, row, column);
  slot.setAttribute("aria-colindex", String(column === null ? 1 : cells.columns.indexOf(column) + 2));
  slot.tabIndex = row === at.row && column === at.column ? 0 : -1;
}

function paintName(slot, id, axis) {
  const name = store.nameOf(id);
  const isPinned = pins[axis].has(id);
  if (slot.dataset.id !== id || slot.textContent !== name) {
    slot.dataset.id = id;
    const text = document.createElement("span");
    text.className = "matrix__text";
    text.textContent = name;
    slot.replaceChildren(text);
  }
  slot.classList.toggle("is-pinned", isPinned);
  slot.title = isPinned ? `${name}: unpin` : `${name}: pin`;
  slot.setAttribute("aria-label", isPinned ? `${name}, pinned` : name);
}

function paintCell(slot, row, column) {
  const key = keyOf(row, column);
  const direction = store.directions.get(key);
  const isShown = shown.has(key);
  const hasNumber = SIZES[sizes.value] >= LEAST_FOR_NUMBERS;
  const change = fresh.get(key);
  const text = isShown && hasNumber ? signed(direction.value) : "";
  const tone = isShown ? String(toneOf(direction.value)) : "";
  const kind = row === column ? "self" : !direction ? "none" : isShown ? "" : "out";
  const arrow = change && isShown ? (change.rose ? "▲" : "▼") : "";
  const now = [key, text, tone, kind, arrow].join("|");
  if (slot.dataset.now === now) return;
  slot.dataset.now = now;
  slot.dataset.row = row;
  slot.dataset.column = column;
  slot.dataset.tone = tone;
  slot.dataset.kind = kind;
  slot.dataset.arrow = arrow;
  slot.textContent = text;
  const trend = arrow ? (change.rose ? ", just rose" : ", just fell") : "";
  slot.setAttribute("aria-label", wordsOf(row, column) + trend);
}

// -- What is shown --------------------------------------------------------------------

function value(source, target) {
  return store.direction(source, target)?.value ?? 0;
}

function sorted(ids) {
  if (orders.value === "strength") return byStrength(ids, value);
  if (orders.value === "similarity" && ids.length <= MOST_COMPARED) return bySimilarity(ids, value);
  return ids;
}

/* Who stays keeps the place; newcomers come last, but by name. */
function kept(ids) {
  if (orders.value === "name" || !order.length) return sorted(ids);
  const before = new Set(order);
  const now = new Set(ids);
  return [...order.filter((id) => now.has(id)), ...ids.filter((id) => !before.has(id))];
}

function arrange() {
  const axis = (name) => {
    const first = order.filter((id) => pins[name].has(id));
    return [[...first, ...order.filter((id) => !pins[name].has(id))], first.length];
  };
  const [rows, pinnedRows] = axis("row");
  const [columns, pinnedColumns] = axis("column");
  if (!order.includes(at.row)) at = { row: rows[0] ?? null, column: columns[1] ?? columns[0] ?? null };
  root.dataset.size = sizes.value;
  cells.set({ rows, columns, pinnedRows, pinnedColumns, size: SIZES[sizes.value] });
}

function drawAll() {
  if (!showState()) return;
  if (!order.length && !hasSize && store.cast.length <= FEW) sizes.value = "large";
  shown = new Set(store.shown.map(({ key }) => key));
  order = kept(store.cast.map(({ id }) => id));
  arrange();
  tell();
}

function tell() {
  root.querySelector("[data-relations-told]").textContent = told();
  drawReadout(at.row, at.column);
}

function drawChanged() {
  asked = 0;
  if (!showState()) return;
  const was = shown;
  shown = new Set(store.shown.map(({ key }) => key));
  const cast = store.cast.map(({ id }) => id);
  if (cast.length !== order.length || cast.some((id) => !order.includes(id))) {
    order = kept(cast);
    arrange();
  } else {
    for (const key of shown) if (!was.has(key)) waiting.add(key);
    for (const key of was) if (!shown.has(key)) waiting.add(key);
    for (const key of waiting) cells.repaint(...key.split(">"));
  }
  waiting.clear();
  tell();
}

function note(changed) {
  for (const key of changed) {
    const now = store.directions.get(key).value;
    const before = known.get(key) ?? 0;
    if (now !== before) fresh.set(key, { rose: now > before, until: Date.now() + FRESH });
    known.set(key, now);
  }
  if (orders.value !== "name") resort.hidden = false;
}

function age() {
  for (const [key, { until }] of fresh) {
    if (until > Date.now()) continue;
    fresh.delete(key);
    waiting.add(key);
  }
}

function hear({ reason, changed }) {
  if (reason === "changes") note(changed);
  else if (reason === "fading") age();
  if (changed === null) {
    if (reason === "all") known = new Map([...store.directions].map(([key, { value: now }]) => [key, now]));
    drawAll();
    return;
  }
  for (const key of changed) waiting.add(key);
  asked ||= requestAnimationFrame(drawChanged);
}

// -- The keyboard ---------------------------------------------------------------------

/* Whoever has the focus keeps it, wherever scrolling has put the cell. */
function settleFocus() {
  const { activeElement } = document;
  const { stage } = cells;
  const slot = cells.slot(at.row, at.column);
  stage.tabIndex = slot ? -1 : 0;
  if (!stage.contains(activeElement) || activeElement === slot) return;
  (slot ?? stage).focus({ preventScroll: true });
}

function moved(ids, id, step) {
  const heads = [null, ...ids];
  const index = heads.indexOf(id) + step;
  return heads[Math.max(0, Math.min(heads.length - 1, index))];
}

function goTo(row, column) {
  // The corner is nobody.
  if (row === null && column === null) return;
  at = { row, column };
  cells.reveal(row, column);
  cells.slot(row, column)?.focus({ preventScroll: true });
  drawReadout(row, column);
}

function act(row, column) {
  if (row === null) pin("column", column);
  else if (column === null) pin("row", row);
  else if (row !== column) openPair(row, column);
}

function pin(axis, id) {
  if (!pins[axis].delete(id)) pins[axis].add(id);
  arrange();
}

const STEPS = {
  ArrowUp: ({ row, column }) => [moved(cells.rows, row, -1), column],
  ArrowDown: ({ row, column }) => [moved(cells.rows, row, 1), column],
  ArrowLeft: ({ row, column }) => [row, moved(cells.columns, column, -1)],
  ArrowRight: ({ row, column }) => [row, moved(cells.columns, column, 1)],
  PageUp: ({ row, column }) => [moved(cells.rows, row, -cells.page.rows), column],
  PageDown: ({ row, column }) => [moved(cells.rows, row, cells.page.rows), column],
  Home: ({ row }, isFar) => [isFar ? cells.rows[0] : row, cells.columns[0]],
  End: ({ row }, isFar) => [isFar ? cells.rows.at(-1) : row, cells.columns.at(-1)],
};

function onKey(event) {
  const step = STEPS[event.key];
  if (step && !event.altKey && !event.metaKey) {
    event.preventDefault();
    goTo(...step(at, event.ctrlKey));
  } else if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    act(at.row, at.column);
  }
}

// -- The mouse ------------------------------------------------------------------------

function cellAt({ target }) {
  const slot = target.closest(".matrix__cell, .matrix__name");
  if (!slot) return null;
  const { id, row, column } = slot.dataset;
  if (slot.matches(".matrix__cell")) return [row, column];
  return slot.matches(".matrix__name--column") ? [null, id] : [id, null];
}

/* What a cell says in full, both ways. */
function drawReadout(row, column) {
  if (row === null || column === null || row === column) return;
  readout.textContent = `${wordsOf(row, column)}. ${wordsOf(column, row)}.`;
  for (const name of root.querySelectorAll(".matrix__name.is-at")) name.classList.remove("is-at");
  cells.slot(row, null)?.classList.add("is-at");
  cells.slot(null, column)?.classList.add("is-at");
}

cells.stage.addEventListener("keydown", onKey);
cells.stage.addEventListener("click", (event) => {
  const cell = cellAt(event);
  if (!cell) return;
  goTo(...cell);
  act(...cell);
});
cells.stage.addEventListener("pointerover", (event) => {
  const cell = cellAt(event);
  if (cell) drawReadout(...cell);
});
sizes.addEventListener("change", () => {
  hasSize = true;
  arrange();
});
function sort() {
  resort.hidden = true;
  order = [];
  drawAll();
}
orders.addEventListener("change", sort);
resort.addEventListener("click", sort);
store.subscribe(hear);
showState();
