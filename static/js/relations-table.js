/* The table of feelings, repainted cell by cell as they change. Rows keep their
   places while somebody reads; a link sorts them anew.

   What the store does not know (traits that moved while nobody told) is read from
   the server, which renders the same rows. */

import { store } from "./relations-store.js";
import { signed } from "./relations-rules.js";

const PLACES = 2;
const TRAITS = ["warmth", "trust", "respect", "rivalry"];
const GLYPHS = { up: "▲", down: "▼", "": "•" };
const MOST = 10_000;
const HALF = 50;

const table = document.querySelector("[data-feelings-table]");
const again = document.querySelector("[data-sort-again]");
const rows = new Map(
  [...(table?.querySelectorAll("[data-direction]") ?? [])].map((row) => [row.dataset.direction, row]),
);

/** “+4.25”, “0.00”: as the server writes it. */
function points(milli) {
  const text = (Math.abs(milli) / 1000).toFixed(PLACES);
  if (!Number(text)) return text;
  return milli < 0 ? `−${text}` : `+${text}`;
}

const signOf = (milli) => (milli > 0 ? "up" : milli < 0 ? "down" : "");

/* Whether the text was another. */
function put(element, text) {
  if (element.textContent === text) return false;
  element.textContent = text;
  return true;
}

function paintFeeling(element, value) {
  const part = (name) => element.querySelector(`[data-part="${name}"]`);
  const sign = signOf(value);
  const width = (HALF * Math.abs(value)) / MOST;
  element.dataset.sign = sign;
  part("glyph").textContent = GLYPHS[sign];
  part("bar").setAttribute("x", (value > 0 ? HALF : HALF - width).toFixed(2));
  part("bar").setAttribute("width", width.toFixed(2));
  part("band").textContent = store.bandOf(value);
  return put(part("text"), points(value));
}

function traitsOf(direction) {
  const found = TRAITS.filter((name) => direction.traits[name]);
  const words = found.map((name) => `${name[0].toUpperCase()}${name.slice(1)} ${points(direction.traits[name])}`);
  return words.join(", ") || "none yet";
}

function paint(row, direction) {
  const cell = (name) => row.querySelector(`[data-cell="${name}"]`);
  const isMoved = paintFeeling(row.querySelector("[data-feeling]"), direction.value);
  put(cell("resting"), points(direction.resting));
  put(cell("events"), String(direction.events));
  put(cell("tension"), signed(direction.tension, 3).replace("+", ""));
  if (direction.traits) put(cell("traits"), traitsOf(direction));
  return isMoved;
}

/* Somebody may be called otherwise now, or be gone with all that is felt. */
function paintCast() {
  const isWhole = store.directions.size === store.total;
  for (const [key, row] of rows) {
    const direction = store.directions.get(key);
    if (!direction && isWhole) again.hidden = false;
    if (!direction) continue;
    for (const side of ["source", "target"]) {
      put(row.querySelector(`[data-name="${side}"]`), store.nameOf(direction[side]));
    }
  }
}

function paintChange(row, direction) {
  const time = document.createElement("time");
  time.dateTime = new Date(direction.updatedAt).toISOString();
  time.title = time.dateTime.slice(0, 16).replace("T", " ") + " UTC";
  time.textContent = "now";
  row.querySelector('[data-cell="changed"]').replaceChildren(time);
}

/* A change is seen once: the row lights up, and the class goes again. */
function light(row) {
  row.classList.remove("is-moved");
  void row.offsetWidth; // or the animation does not begin anew
  row.classList.add("is-moved");
}

function repaint(keys, isChange) {
  let isMoved = false;
  for (const key of keys) {
    const row = rows.get(key);
    const direction = store.directions.get(key);
    if (!row || !direction) continue;
    if (paint(row, direction)) isMoved = true;
    if (!isChange) continue;
    paintChange(row, direction);
    light(row);
  }
  if (isMoved && isChange) again.hidden = false;
}

/* What came while nobody told may have moved traits, which only the server has. */
async function readAgain(keys) {
  const lacking = keys.filter((key) => Number(rows.get(key).dataset.seq) < (store.directions.get(key)?.seq ?? 0));
  if (!lacking.length) return;
  try {
    const response = await fetch(location.href, { cache: "no-store" });
    if (!response.ok || response.redirected) throw new Error(`The table answered ${response.status}.`);
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const fresh of page.querySelectorAll("[data-feelings-table] [data-direction]")) {
      const row = rows.get(fresh.dataset.direction);
      row?.querySelector('[data-cell="traits"]').replaceWith(fresh.querySelector('[data-cell="traits"]'));
      if (row) row.dataset.seq = fresh.dataset.seq;
    }
  } catch (error) {
    console.warn(error);
  }
}

if (table && !("past" in table.dataset)) {
  store.subscribe(({ reason, changed }) => {
    if (reason === "all") {
      repaint(rows.keys(), false);
      paintCast();
      readAgain([...rows.keys()]);
    } else if (reason === "fading") {
      repaint(changed, false);
    } else if (reason === "changes") {
      repaint(changed, true);
      for (const key of changed) {
        const row = rows.get(key);
        if (row) row.dataset.seq = store.directions.get(key).seq;
      }
    }
  });
}
