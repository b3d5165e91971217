/* A long table of which only the rows near the eyes are in the page. Rows come from
   the server in windows, made by the same template as at first; above and below
   them stands as much empty room as the others would take. */

import { read } from "./live.js";

export const WINDOW = 100;
const OVERSCAN = 15; // rows
const SETTLE = 60; // milliseconds
const MOST_KEPT = 3_000; // rows

function spacer(columns) {
  const body = document.createElement("tbody");
  body.className = "lore-table__spacer";
  body.setAttribute("aria-hidden", "true");
  const row = body.insertRow();
  row.insertCell().colSpan = columns;
  return { body, row };
}

export class Rows extends EventTarget {
  total;

  #root;
  #frame;
  #grid;
  #body;
  #above;
  #below;
  #columns;
  #height = 44;
  #known = new Map(); // index → row
  #asked = new Map(); // window → AbortController
  #shown = [0, 0];
  #timer = 0;
  #age = 0;

  constructor(root) {
    super();
    this.#root = root;
    this.#frame = root.querySelector("[data-frame]");
    this.#grid = root.querySelector("[data-grid]");
    this.#body = root.querySelector("[data-body]");
    this.#columns = this.#grid.tHead.rows[0].cells.length;
    this.total = Number(root.dataset.total);
    const at = Number(root.dataset.at);
    [...this.#body.rows].forEach((row, place) => this.#keep(at + place, row));
    this.#above = spacer(this.#columns);
    this.#below = spacer(this.#columns);
    this.#body.before(this.#above.body);
    this.#body.after(this.#below.body);
    this.measure();
    if (at) this.#frame.scrollTop = at * this.#height;
    this.#frame.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.measure()).observe(this.#frame);
  }

  /* Rows are as high as the style sheet says, which a narrow page changes. */
  measure() {
    const found = this.#body.rows[0]?.getBoundingClientRect().height || this.#height;
    const first = this.#frame.scrollTop / this.#height;
    const hasChanged = Math.abs(found - this.#height) > 0.5;
    this.#height = found;
    if (hasChanged && first > 1) this.#frame.scrollTop = first * found;
    this.draw({ isForced: true });
  }

  get height() {
    return this.#height;
  }

  get visible() {
    const head = this.#grid.tHead.offsetHeight;
    const first = Math.floor(this.#frame.scrollTop / this.#height);
    const count = Math.ceil((this.#frame.clientHeight - head) / this.#height);
    return [Math.max(0, first), Math.min(this.total, first + Math.max(1, count) + 1)];
  }

  at(index) {
    return this.#known.get(index) ?? null;
  }

  indexOf(id) {
    for (const [index, row] of this.#known) if (row.dataset.row === id) return index;
    return -1;
  }

  known() {
    return [...this.#known.values()];
  }

  /** Bring the row into view; it may still have to come. */
  reveal(index) {
    const head = this.#grid.tHead.offsetHeight;
    const top = index * this.#height;
    const room = this.#frame.clientHeight - head - this.#height;
    if (top < this.#frame.scrollTop) this.#frame.scrollTop = top;
    else if (top > this.#frame.scrollTop + room) this.#frame.scrollTop = top - room;
    this.draw();
  }

  /** The index of the row at a height of the window, and whether in its lower half. */
  under(y) {
    const top = this.#body.getBoundingClientRect().top - this.#shown[0] * this.#height;
    const place = (y - top) / this.#height;
    const index = Math.min(this.total - 1, Math.max(0, Math.floor(place)));
    return { index, isLower: place - index >= 0.5 };
  }

  draw({ isForced = false } = {}) {
    const [first, last] = this.visible;
    const [from, to] = this.#shown;
    const isNear = first >= from && last <= to;
    if (!isForced && isNear) return;
    const start = Math.max(0, first - OVERSCAN);
    const end = Math.min(this.total, last + OVERSCAN);
    const rows = [];
    let isMissing = false;
    for (let index = start; index < end; index += 1) {
      const row = this.#known.get(index);
      isMissing ||= !row;
      rows.push(row ?? this.#blank(index));
    }
    if (!this.total) rows.push(this.#nothing());
    this.#shown = [start, end];
    this.#body.replaceChildren(...rows);
    this.#above.row.style.height = `${start * this.#height}px`;
    this.#below.row.style.height = `${Math.max(0, this.total - end) * this.#height}px`;
    this.#above.body.hidden = start === 0;
    this.#below.body.hidden = end >= this.total;
    this.dispatchEvent(new Event("draw"));
    clearTimeout(this.#timer);
    // Whoever scrolls on by thousands does not wait for what flew past.
    if (isMissing) this.#timer = setTimeout(() => this.#fetchMissing(), SETTLE);
  }

  #nothing() {
    const row = document.createElement("tr");
    row.className = "lore-row";
    const cell = row.insertCell();
    cell.colSpan = this.#columns;
    cell.textContent = "No entries are left here.";
    return row;
  }

  #blank(index) {
    const row = document.createElement("tr");
    row.className = "lore-row lore-row--loading";
    row.setAttribute("aria-rowindex", String(index + 2));
    const cell = row.insertCell();
    cell.colSpan = this.#columns;
    const bar = document.createElement("span");
    bar.className = "skeleton skeleton--text";
    cell.append(bar);
    return row;
  }

  #keep(index, row) {
    this.#known.set(index, row);
    row.id = `row-${row.dataset.row}`;
    for (const control of row.querySelectorAll("a, button, input")) control.tabIndex = -1;
    const handle = row.querySelector("[data-handle]");
    if (handle) handle.hidden = false;
  }

  #windows([first, last]) {
    const found = [];
    const end = Math.ceil(Math.min(this.total, last) / WINDOW);
    for (let each = Math.floor(first / WINDOW); each < end; each += 1) found.push(each);
    return found;
  }

  async #fetchMissing() {
    const [start, end] = this.#shown;
    const wanted = this.#windows([start, end]);
    for (const [each, abort] of this.#asked) if (!wanted.includes(each)) abort.abort();
    const missing = wanted.filter((each) => {
      const [from, to] = [each * WINDOW, Math.min(this.total, (each + 1) * WINDOW)];
      for (let index = from; index < to; index += 1) if (!this.#known.has(index)) return true;
      return false;
    });
    const age = this.#age;
    await Promise.all(
      missing.filter((each) => !this.#asked.has(each)).map(async (each) => {
        const abort = new AbortController();
        this.#asked.set(each, abort);
        try {
          const answer = await this.#ask({ at: each * WINDOW }, abort.signal);
          if (age === this.#age) this.#take(answer);
        } catch (error) {
          if (error.name !== "AbortError") this.#fail(error);
        } finally {
          this.#asked.delete(each);
        }
      }),
    );
  }

  #fail(error) {
    console.warn(error);
    this.dispatchEvent(new CustomEvent("fail", { detail: error }));
  }

  async #ask(parameters, signal) {
    const { rowsUrl, query } = this.#root.dataset;
    const asked = new URLSearchParams(query);
    for (const [name, value] of Object.entries(parameters)) asked.set(name, value);
    const response = await read(`${rowsUrl}?${asked}`, "text/html", { signal });
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    const found = template.content.querySelector("[data-window]");
    if (!found) throw new Error(`${response.url} is no window of the table.`);
    return {
      seq: Number(response.headers.get("X-Live-Seq")),
      at: Number(found.dataset.at),
      total: Number(found.dataset.total),
      found: found.dataset.found === undefined ? null : Number(found.dataset.found),
      rows: [...found.querySelectorAll("[data-row]")],
      totals: found.querySelector("[data-totals]"),
    };
  }

  #take(answer) {
    if (this.#known.size > MOST_KEPT) this.#forget();
    answer.rows.forEach((row, place) => this.#keep(answer.at + place, row));
    this.#count(answer);
    this.dispatchEvent(new CustomEvent("rows", { detail: answer.rows }));
    this.draw({ isForced: true });
  }

  #count({ total, totals }) {
    this.total = total;
    this.#grid.setAttribute("aria-rowcount", String(total + 1));
    const shown = this.#root.querySelector("[data-totals]");
    if (totals && shown && !shown.isEqualNode(totals)) shown.replaceWith(totals);
  }

  #forget() {
    const [start, end] = this.#shown;
    for (const index of this.#known.keys()) {
      if (index < start - WINDOW || index >= end + WINDOW) this.#known.delete(index);
    }
  }

  /**
   * Read what is shown once more; resolves to {seq, show}, as live.js wants it.
   *
   * anchor: the id of a row that stays where it is before the eyes, whatever came
   * or went above it.
   */
  async reload(anchor) {
    const before = anchor ? this.indexOf(anchor) : -1;
    const [start, end] = this.#shown;
    const first = await this.#ask(anchor ? { around: anchor, at: start } : { at: start });
    const shift = before >= 0 && first.found !== null ? first.found - before : 0;
    const from = Math.max(0, Math.min(start + shift, first.total - (end - start)));
    const asked = this.#windows([from, Math.min(first.total, from + end - start)])
      .filter((each) => each * WINDOW !== first.at);
    const answers = [first, ...(await Promise.all(asked.map((each) => this.#ask({ at: each * WINDOW }))))];
    const show = () => {
      this.#age += 1;
      this.#known.clear();
      for (const answer of answers) {
        answer.rows.forEach((row, place) => this.#keep(answer.at + place, row));
      }
      this.#count(answers.at(-1));
      this.dispatchEvent(new CustomEvent("rows", { detail: this.known() }));
      this.draw({ isForced: true });
      if (shift) {
        this.#frame.scrollTop += shift * this.#height;
        this.draw({ isForced: true });
      }
    };
    return { seq: Math.min(...answers.map((answer) => answer.seq)), show };
  }
}
