/* The table of characters as a spreadsheet: arrows, Enter, Escape, Tab, pasting
   blocks, and undoing before anything is saved. Without this script the cells are
   plain fields of one form. */

import { parse, written } from "./tab-separated.js";
import { showToast } from "./toasts.js";

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const ARROWS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

const isCommand = (event) => (IS_MAC ? event.metaKey : event.ctrlKey) && !event.altKey;
const controlOf = (cell) => cell?.querySelector("input, textarea, select") ?? null;

function savedValue(control) {
  if (control.dataset.saved !== undefined) return control.dataset.saved;
  if (!control.matches("select")) return control.defaultValue;
  const chosen = [...control.options].find((option) => option.defaultSelected);
  return (chosen ?? control.options[0]).value;
}

const lines = (text) => text.replace(/\r\n?/g, "\n");

class Grid {
  constructor(form) {
    this.form = form;
    this.table = form.querySelector("[data-grid]");
    this.save = form.querySelector("[data-grid-save]");
    this.undoButton = form.querySelector("[data-grid-undo]");
    this.redoButton = form.querySelector("[data-grid-redo]");
    // Per row: the link to the character, then its cells; null where one is locked.
    this.stops = [...this.table.tBodies[0].rows].map((row) => [
      row.querySelector("th a"),
      ...[...row.querySelectorAll("td")].map((cell) => (cell.matches("[data-cell]") ? cell : null)),
    ]);
    this.places = new Map();
    // Control that is edited → what it held when that began.
    this.started = new Map();
    this.undone = [];
    this.done = [];
    this.isSubmitting = false;
    this.prepare();
  }

  prepare() {
    this.table.setAttribute("role", "grid");
    this.stops.forEach((row, y) =>
      row.forEach((stop, x) => {
        if (!stop) return;
        this.places.set(stop, [y, x]);
        stop.tabIndex = -1;
        const control = controlOf(stop);
        if (!control) return;
        stop.dataset.ownKeys = "";
        control.tabIndex = -1;
        this.mark(control);
      }),
    );
    this.choose(this.stops.flat().find((stop) => stop?.matches("[data-cell]")));
    for (const hidden of [this.undoButton, this.redoButton, "[data-grid-keys]"]) {
      const element = typeof hidden === "string" ? this.form.querySelector(hidden) : hidden;
      element.hidden = false;
    }
    this.table.addEventListener("focusin", (event) => this.onFocus(event));
    this.table.addEventListener("focusout", (event) => this.onBlur(event));
    this.table.addEventListener("keydown", (event) => this.onKey(event));
    this.table.addEventListener("input", (event) => this.mark(event.target));
    this.table.addEventListener("input", () => this.tell());
    document.addEventListener("copy", (event) => this.onCopy(event));
    document.addEventListener("paste", (event) => this.onPaste(event));
    document.addEventListener("keydown", (event) => this.onPageKey(event));
    this.undoButton.addEventListener("click", () => this.back(this.done, this.undone));
    this.redoButton.addEventListener("click", () => this.back(this.undone, this.done));
    this.form.addEventListener("submit", () => this.onSubmit());
    window.addEventListener("beforeunload", (event) => {
      if (this.changed().length && !this.isSubmitting) event.preventDefault();
    });
    // Shown again from the browser's memory: what was sent is open again.
    window.addEventListener("pageshow", () => {
      this.isSubmitting = false;
      for (const control of this.form.querySelectorAll("[data-left-out]")) {
        control.disabled = false;
        delete control.dataset.leftOut;
      }
    });
    this.tell();
  }

  // -- What is changed -----------------------------------------------------------------

  controls() {
    return [...this.places.keys()].map(controlOf).filter(Boolean);
  }

  isChanged(control) {
    return lines(control.value) !== lines(savedValue(control));
  }

  changed() {
    return this.controls().filter((control) => this.isChanged(control));
  }

  mark(control) {
    control.closest("[data-cell]").classList.toggle("is-changed", this.isChanged(control));
  }

  tell() {
    const count = this.changed().length;
    this.save.textContent = count === 1 ? "Save 1 change" : `Save ${count} changes`;
    this.save.disabled = !count;
    this.undoButton.disabled = !this.done.length;
    this.redoButton.disabled = !this.undone.length;
  }

  /* Set controls to texts, as one step that can be undone. */
  put(changes) {
    const step = [];
    for (const [control, after] of changes) {
      const before = control.value;
      control.value = after;
      if (control.value !== before) step.push({ control, before, after: control.value });
      this.mark(control);
    }
    this.keep(step);
  }

  keep(step) {
    if (step.length) {
      this.done.push(step);
      this.undone = [];
    }
    this.tell();
  }

  back(from, to) {
    const step = from.pop();
    if (!step) return;
    const isUndo = from === this.done;
    for (const { control, before, after } of step) {
      control.value = isUndo ? before : after;
      this.mark(control);
    }
    to.push(step);
    this.focus(step[0].control.closest("[data-cell]"));
    this.tell();
  }

  // -- Moving -------------------------------------------------------------------------

  choose(stop) {
    if (!stop) return;
    if (this.chosen) {
      this.chosen.tabIndex = -1;
      delete this.chosen.dataset.chosen;
    }
    this.chosen = stop;
    stop.tabIndex = 0;
    stop.dataset.chosen = "";
  }

  focus(stop) {
    if (!stop) return;
    this.choose(stop);
    stop.focus();
    stop.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  /* The next stop from a place in one direction, over what is locked. */
  next([y, x], [down, right]) {
    let [atY, atX] = [y + down, x + right];
    while (atY >= 0 && atY < this.stops.length && atX >= 0 && atX < this.stops[atY].length) {
      if (this.stops[atY][atX]) return this.stops[atY][atX];
      atY += down;
      atX += right;
    }
    return null;
  }

  edge([y], key, isWhole) {
    const rows = isWhole ? this.stops : [this.stops[y]];
    const all = rows.flat().filter(Boolean);
    return key === "Home" ? all[0] : all.at(-1);
  }

  /* The cell before or after in reading order. */
  beside(cell, step) {
    const cells = [...this.places.keys()].filter((stop) => stop.matches("[data-cell]"));
    return cells[cells.indexOf(cell) + step] ?? null;
  }

  enter(cell, { isEmpty = false } = {}) {
    const control = controlOf(cell);
    if (!control) return;
    control.focus();
    if (control.matches("select")) return;
    if (isEmpty) control.value = "";
    else control.setSelectionRange(control.value.length, control.value.length);
  }

  // -- Events -------------------------------------------------------------------------

  onFocus(event) {
    const stop = event.target.closest("[data-cell], th a");
    if (this.places.has(stop)) this.choose(stop);
    if (event.target === controlOf(stop)) this.started.set(event.target, event.target.value);
  }

  onBlur(event) {
    const control = event.target;
    if (!control.matches("input, textarea, select")) return;
    const before = this.started.get(control) ?? control.value;
    if (control.value !== before) this.keep([{ control, before, after: control.value }]);
    this.started.delete(control);
    this.mark(control);
  }

  onKey(event) {
    if (event.isComposing) return;
    const stop = event.target.closest("[data-cell], th a");
    if (!this.places.has(stop)) return;
    const isEditing = event.target === controlOf(stop);
    const isHandled = isEditing ? this.onEditKey(event, stop) : this.onMoveKey(event, stop);
    if (isHandled) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  onMoveKey(event, stop) {
    const place = this.places.get(stop);
    if (isCommand(event) && event.key.toLowerCase() === "z") {
      if (event.shiftKey) this.back(this.undone, this.done);
      else this.back(this.done, this.undone);
      return true;
    }
    if (isCommand(event) && event.key.toLowerCase() === "y") {
      this.back(this.undone, this.done);
      return true;
    }
    if (event.key in ARROWS && !event.altKey) {
      this.focus(this.next(place, ARROWS[event.key]));
      return true;
    }
    if (event.key === "Home" || event.key === "End") {
      this.focus(this.edge(place, event.key, isCommand(event)));
      return true;
    }
    const control = controlOf(stop);
    if (!control || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Enter" || event.key === "F2") {
      this.enter(stop);
      return true;
    }
    if ((event.key === "Delete" || event.key === "Backspace") && !control.matches("select")) {
      this.put([[control, ""]]);
      return true;
    }
    if (event.key.length === 1) {
      // The key itself goes on into the field.
      this.enter(stop, { isEmpty: event.key !== " " });
      return event.key === " ";
    }
    return false;
  }

  onEditKey(event, cell) {
    const control = event.target;
    if (event.key === "Escape") {
      control.value = this.started.get(control) ?? control.value;
      this.mark(control);
      this.focus(cell);
      this.tell();
      return true;
    }
    if (event.key === "Enter" && (event.altKey || event.shiftKey) && control.matches("textarea")) {
      control.setRangeText("\n", control.selectionStart, control.selectionEnd, "end");
      control.dispatchEvent(new Event("input", { bubbles: true }));
      return true;
    }
    if (event.key === "Enter") {
      this.focus(this.next(this.places.get(cell), ARROWS.ArrowDown) ?? cell);
      return true;
    }
    if (event.key === "Tab") {
      const beside = this.beside(cell, event.shiftKey ? -1 : 1);
      if (beside) this.enter(beside);
      return beside !== null;
    }
    return false;
  }

  onPageKey(event) {
    if (!isCommand(event) || event.shiftKey || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    document.activeElement?.blur();
    if (!this.save.disabled) this.form.requestSubmit(this.save);
  }

  onCopy(event) {
    const control = controlOf(this.activeCell());
    if (!control) return;
    event.clipboardData.setData("text/plain", written(control.value));
    event.preventDefault();
  }

  /* The cell that has the focus without being edited. */
  activeCell() {
    const active = document.activeElement;
    return active?.matches("[data-cell]") && this.places.has(active) ? active : null;
  }

  onPaste(event) {
    const text = event.clipboardData.getData("text/plain");
    const edited = document.activeElement?.closest("[data-cell]");
    // Within a field a plain text goes where the caret is.
    const cell = this.activeCell() ?? (text.includes("\t") ? edited : null);
    if (!this.places.has(cell) || !text) return;
    event.preventDefault();
    this.pasteAt(cell, parse(text));
    this.focus(cell);
  }

  pasteAt(cell, rows) {
    const [y, x] = this.places.get(cell);
    const changes = [];
    let left = 0;
    rows.forEach((row, down) =>
      row.forEach((text, right) => {
        const control = controlOf(this.stops[y + down]?.[x + right]);
        const value = control && fitting(control, text);
        if (value === null || value === undefined) left += 1;
        else changes.push([control, value]);
      }),
    );
    this.put(changes);
    if (left) {
      const noun = left === 1 ? "1 cell" : `${left} cells`;
      showToast({ text: `${noun} of the block had no place here.`, kind: "warning" });
    }
  }

  onSubmit() {
    this.isSubmitting = true;
    const rows = new Set(this.changed().map((control) => control.closest("tr")));
    for (const row of this.table.tBodies[0].rows) {
      if (rows.has(row)) continue;
      // Nothing was written here, so nothing of it is sent.
      for (const control of row.querySelectorAll("input, textarea, select")) {
        if (control.disabled) continue;
        control.disabled = true;
        control.dataset.leftOut = "";
      }
    }
  }
}

/* The value that a pasted text is for a control, or null if it is none. */
function fitting(control, text) {
  if (control.matches("textarea")) return text;
  const line = text.replace(/\s*\n\s*/g, " ").trim();
  if (!control.matches("select")) return line;
  const wanted = line.toLowerCase();
  const option = [...control.options].find(
    (each) => each.value.toLowerCase() === wanted || each.label.toLowerCase() === wanted,
  );
  return option ? option.value : null;
}

for (const form of document.querySelectorAll("[data-table-grid]")) {
  if (form.querySelector("[data-grid-save]")) new Grid(form);
}

document.querySelector("[data-problems]")?.focus();
