/* The part of a large matrix that is seen, as elements that stay where they are: when
   somebody scrolls, they show other cells. So 200 characters cost no more than 20.

   Rows and columns are ids; null is the head. Pinned ones are always seen. */

function element(role, className, parent) {
  const made = document.createElement("div");
  made.setAttribute("role", role);
  made.className = className;
  parent.append(made);
  return made;
}

export class Window {
  /* Ids in order, the pinned first. */
  rows = [];
  columns = [];
  pinnedRows = 0;
  pinnedColumns = 0;

  #frame;
  #room;
  #stage;
  #paint;
  #size = 0;
  #slots = []; // rows of elements; the first row and column are heads
  #seenRows = [];
  #seenColumns = [];
  #asked = 0;

  /** `paint(element, row, column)` shows a cell; it is called for what came into
      sight, and by `repaint`. `frame` scrolls, holds a room, that a stage. */
  constructor(frame, { paint, onShow }) {
    this.#frame = frame;
    this.#room = frame.querySelector("[data-matrix-room]");
    this.#stage = frame.querySelector("[data-matrix-stage]");
    this.#paint = paint;
    this.onShow = onShow;
    frame.addEventListener("scroll", () => this.#showSoon(), { passive: true });
    new ResizeObserver(() => this.#showSoon()).observe(frame);
  }

  get stage() {
    return this.#stage;
  }

  /** Show these, in cells of so many pixels. */
  set({ rows, columns, pinnedRows, pinnedColumns, size }) {
    Object.assign(this, { rows, columns, pinnedRows, pinnedColumns });
    this.#size = size;
    this.#frame.style.setProperty("--cell", `${size}px`);
    this.#stage.setAttribute("aria-rowcount", String(rows.length + 1));
    this.#stage.setAttribute("aria-colcount", String(columns.length + 1));
    this.show();
  }

  #showSoon() {
    this.#asked ||= requestAnimationFrame(() => this.show());
  }

  /* How many whole cells fit beside the head, and which is the first. */
  #span(axis, count, pinned) {
    const [room, head, scroll] =
      axis === "x"
        ? [this.#frame.clientWidth, this.#head("width"), this.#frame.scrollLeft]
        : [this.#frame.clientHeight, this.#head("height"), this.#frame.scrollTop];
    const left = Math.max(this.#size, room - head);
    const whole = Math.max(1, Math.floor(left / this.#size));
    const first = Math.min(Math.round(scroll / this.#size), Math.max(0, count - whole));
    return { first: first + pinned, whole, count: Math.min(count, Math.ceil(left / this.#size)), left, head };
  }

  #head(side) {
    return Number.parseFloat(getComputedStyle(this.#frame).getPropertyValue(`--head-${side}`));
  }

  /** Show what is in sight now. */
  show() {
    this.#asked = 0;
    const { rows, columns, pinnedRows, pinnedColumns } = this;
    const down = this.#span("y", rows.length, pinnedRows);
    const across = this.#span("x", columns.length, pinnedColumns);
    const size = (span, count) => `${span.head + count * this.#size + (span.left % this.#size)}px`;
    this.#room.style.height = rows.length <= down.whole ? `${down.head + rows.length * this.#size}px` : size(down, rows.length);
    this.#room.style.width = columns.length <= across.whole ? `${across.head + columns.length * this.#size}px` : size(across, columns.length);
    this.#stage.style.width = `${Math.min(this.#frame.clientWidth, across.head + columns.length * this.#size)}px`;
    this.#stage.style.height = `${Math.min(this.#frame.clientHeight, down.head + rows.length * this.#size)}px`;
    this.#seenRows = seen(rows, down, pinnedRows);
    this.#seenColumns = seen(columns, across, pinnedColumns);
    this.#fit();
    this.#forEach((slot, row, column) => this.#paint(slot, row, column));
    this.onShow();
  }

  #fit() {
    const wanted = this.#seenRows.length + 1;
    const across = this.#seenColumns.length + 1;
    while (this.#slots.length > wanted) this.#slots.pop()[0].parentElement.remove();
    while (this.#slots.length < wanted) {
      const isHead = !this.#slots.length;
      const line = element("row", `matrix__row${isHead ? " matrix__row--head" : ""}`, this.#stage);
      this.#slots.push([]);
      line.setAttribute("aria-rowindex", "1");
    }
    for (const [at, slots] of this.#slots.entries()) {
      const line = slots[0]?.parentElement ?? this.#stage.children[at];
      while (slots.length > across) slots.pop().remove();
      while (slots.length < across) slots.push(this.#make(at, slots.length, line));
      const index = at ? this.rows.indexOf(this.#seenRows[at - 1]) + 2 : 1;
      line.setAttribute("aria-rowindex", String(index));
    }
  }

  #make(row, column, line) {
    if (row && column) return element("gridcell", "matrix__cell", line);
    if (row) return element("rowheader", "matrix__name", line);
    if (column) return element("columnheader", "matrix__name matrix__name--column", line);
    const corner = element("columnheader", "matrix__corner", line);
    corner.textContent = "Who ↓ for whom →";
    return corner;
  }

  #forEach(act) {
    for (const [down, slots] of this.#slots.entries()) {
      const row = down ? this.#seenRows[down - 1] : null;
      for (const [across, slot] of slots.entries()) {
        const column = across ? this.#seenColumns[across - 1] : null;
        if (row !== null || column !== null) act(slot, row, column);
      }
    }
  }

  /** The element that shows a cell, or undefined while it is out of sight. */
  slot(row, column) {
    const down = row === null ? 0 : this.#seenRows.indexOf(row) + 1;
    const across = column === null ? 0 : this.#seenColumns.indexOf(column) + 1;
    if ((row !== null && !down) || (column !== null && !across)) return undefined;
    return this.#slots[down]?.[across];
  }

  /** Paint one cell anew, if it is in sight. */
  repaint(row, column) {
    const slot = this.slot(row, column);
    if (slot) this.#paint(slot, row, column);
  }

  /** Scroll as little as it takes to have a cell in sight, whole. */
  reveal(row, column) {
    this.#reveal("y", row, this.rows, this.pinnedRows);
    this.#reveal("x", column, this.columns, this.pinnedColumns);
    this.show();
  }

  #reveal(axis, id, ids, pinned) {
    const at = ids.indexOf(id);
    if (at < pinned) return;
    const { first, whole } = this.#span(axis, ids.length, pinned);
    const name = axis === "x" ? "scrollLeft" : "scrollTop";
    const last = first + whole - pinned - 1;
    if (at < first) this.#frame[name] = (at - pinned) * this.#size;
    else if (at > last) this.#frame[name] = (at - whole + 1) * this.#size;
  }

  /** How many whole rows and columns are seen. */
  get page() {
    return {
      rows: this.#span("y", this.rows.length, this.pinnedRows).whole,
      columns: this.#span("x", this.columns.length, this.pinnedColumns).whole,
    };
  }
}

function seen(ids, { first, count }, pinned) {
  return [...ids.slice(0, pinned), ...ids.slice(first, first + count - pinned)];
}
