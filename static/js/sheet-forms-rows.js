/* Lists of rows: add, remove with undo, move up and down. The spare row that the
   server drew is the pattern for new ones; it is marked, so that rows which stay
   empty are left out. */

import { enhanceKind, showKeys } from "./sheet-forms-tree.js";

const NAMING = ["name", "id", "for", "aria-describedby", "data-name", "data-id"];

/* The pattern of new rows, by list; lists inside a tree share the tree's. */
const patterns = new WeakMap();

function rename(row, { name, id }) {
  const old = { name: row.dataset.name, id: row.dataset.id };
  for (const element of [row, ...row.querySelectorAll("*")]) {
    for (const attribute of NAMING) {
      const value = element.getAttribute(attribute);
      if (value === null) continue;
      const [from, to] = attribute.endsWith("name") ? [old.name, name] : [old.id, id];
      const words = value.split(" ").map((word) => (
        word === from || word.startsWith(`${from}.`) ? to + word.slice(from.length) : word
      ));
      element.setAttribute(attribute, words.join(" "));
    }
  }
}

function isTouched(row) {
  return [...row.querySelectorAll("input, textarea")].some(
    (control) => control.value !== control.defaultValue || control.checked !== control.defaultChecked,
  ) || [...row.querySelectorAll("option")].some((option) => option.selected !== option.defaultSelected
    && option.parentElement.querySelector("[selected]"));
}

function button(row, action) {
  return row.querySelector(`:scope > .sheet-row__tools > [data-row-${action}]`);
}

class Rows {
  constructor(root, { enhanceParts }) {
    this.root = root;
    this.enhanceParts = enhanceParts;
    this.list = root.querySelector(":scope > [data-rows-list]");
    this.adder = root.querySelector(":scope > [data-rows-add]");
    this.most = Number(root.dataset.maxItems) || 1000;
    this.isOff = this.adder.matches(":disabled");
    this.takeSpare();
    this.next = Math.max(-1, ...this.rows().map((row) => Number(row.dataset.name.split(".").pop()))) + 1;
    this.rows().forEach((row) => this.prepare(row));
    this.adder.hidden = this.isOff;
    this.adder.addEventListener("click", () => this.add());
    this.number();
  }

  get tree() {
    return this.root.closest("[data-tree]");
  }

  rows() {
    return [...this.list.children];
  }

  takeSpare() {
    const spare = this.list.querySelector(":scope > [data-row-spare]");
    if (!spare) return;
    const pattern = spare.cloneNode(true);
    pattern.removeAttribute("data-row-spare");
    pattern.classList.remove("sheet-row--spare");
    patterns.set(this.root, pattern);
    if (this.tree && !patterns.has(this.tree)) patterns.set(this.tree, pattern);
    // What a browser typed back into it after a reload is kept as a row.
    if (isTouched(spare)) {
      spare.removeAttribute("data-row-spare");
      spare.classList.remove("sheet-row--spare");
    } else {
      spare.remove();
    }
  }

  /* Where rows of this list are named: its own name, as the tree or row says. */
  base() {
    const row = this.root.closest("[data-row]");
    if (this.tree?.contains(row)) return { name: `${row.dataset.name}.rows`, id: `${row.dataset.id}.rows` };
    const pattern = patterns.get(this.root).dataset;
    return { name: pattern.name.replace(/\.\d+$/, ""), id: pattern.id.replace(/\.\d+$/, "") };
  }

  fresh() {
    const row = patterns.get(this.tree ?? this.root).cloneNode(true);
    const base = this.base();
    const at = this.next;
    this.next += 1;
    rename(row, { name: `${base.name}.${at}`, id: `${base.id}.${at}` });
    for (const control of row.querySelectorAll("input:not([type=hidden]), textarea")) {
      control.value = control.defaultValue;
      control.checked = control.defaultChecked;
    }
    return row;
  }

  /** Append a row; one that holds `text` already does not take the focus. */
  add(text = "") {
    const row = this.fresh();
    this.list.append(row);
    this.prepare(row);
    if (this.tree) showKeys(this.root);
    this.enhanceParts(row);
    this.number();
    if (text) row.querySelector("[data-tree-value] textarea").value = text;
    else this.firstControl(row)?.focus();
    this.changed();
  }

  firstControl(row) {
    const typed = "input:not([type=hidden], .sheet-row__place), textarea, select";
    return [...row.querySelectorAll(typed)].find((control) => !control.closest("[hidden]"));
  }

  prepare(row) {
    for (const action of ["up", "down", "remove"]) {
      const control = button(row, action);
      control.hidden = this.isOff;
    }
    button(row, "up").addEventListener("click", () => this.move(row, -1));
    button(row, "down").addEventListener("click", () => this.move(row, 1));
    button(row, "remove").addEventListener("click", () => this.remove(row));
    this.keepTitle(row);
    const { enhanceParts } = this;
    if (this.tree) enhanceKind(row, { openRows: (nested) => enhanceRows(nested, { enhanceParts }) });
  }

  /* A folded row is called by what its first lines say. */
  keepTitle(row) {
    const fold = row.querySelector(":scope > details");
    const title = fold?.querySelector(":scope > summary > [data-row-title]");
    const lines = [...fold?.querySelectorAll(":scope > [data-row-group] > .sheet-fields > .field > input:not([type=hidden], [type=checkbox])") ?? []];
    lines.forEach((line) => line.addEventListener("input", () => {
      title.textContent = lines.map((one) => one.value.trim()).filter(Boolean).slice(0, 2).join(" · ");
    }));
  }

  move(row, step) {
    const rows = this.rows();
    const other = rows[rows.indexOf(row) + step];
    if (!other) return;
    // The other one moves, so that the pressed button keeps the focus.
    if (step < 0) row.after(other);
    else row.before(other);
    this.number();
    if (button(row, "up").disabled) button(row, "down").focus();
    if (button(row, "down").disabled) button(row, "up").focus();
    this.say(`Moved to place ${this.rows().indexOf(row) + 1} of ${rows.length}.`);
    this.changed();
  }

  remove(row) {
    const at = this.rows().indexOf(row);
    row.remove();
    this.number();
    this.offerUndo(row, at);
    const near = this.rows()[at] ?? this.rows()[at - 1];
    (near ? button(near, "remove") : this.adder).focus();
    this.changed();
  }

  offerUndo(row, at) {
    this.undo?.remove();
    this.undo = document.createElement("p");
    this.undo.className = "sheet-undo";
    this.undo.append(`Removed row ${at + 1}. `);
    const back = document.createElement("button");
    back.type = "button";
    back.className = "button button--quiet button--small";
    back.textContent = "Undo";
    back.addEventListener("click", () => {
      this.list.insertBefore(row, this.rows()[at] ?? null);
      this.undo.remove();
      this.number();
      button(row, "remove").focus();
      this.changed();
    });
    this.undo.append(back);
    this.list.after(this.undo);
    this.say(`Removed row ${at + 1}.`);
  }

  /* Places, numbers and names of buttons follow the order on the page. */
  number() {
    const rows = this.rows();
    rows.forEach((row, at) => {
      const label = `${row.dataset.label} ${at + 1}`;
      row.querySelector(":scope > .sheet-row__tools [data-row-order]").value = at + 1;
      for (const words of row.querySelectorAll(":scope > .sheet-row__tools [data-row-words]")) {
        words.textContent = `${words.dataset.rowWords} ${label}`;
      }
      button(row, "up").disabled = at === 0;
      button(row, "down").disabled = at === rows.length - 1;
      const group = row.querySelector("[data-row-group]");
      group.setAttribute("aria-label", label);
      const number = row.querySelector("[data-row-number]");
      if (number?.closest("[data-row]") === row) number.textContent = at + 1;
      const only = [...row.querySelectorAll("label.visually-hidden")].find((one) => one.htmlFor === row.dataset.id);
      if (only) only.textContent = label;
    });
    this.adder.disabled = this.isOff || rows.length >= this.most;
  }

  say(words) {
    this.status ??= this.makeStatus();
    this.status.textContent = words;
  }

  makeStatus() {
    const status = document.createElement("p");
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    this.root.append(status);
    return status;
  }

  changed() {
    this.list.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** Make a list of rows live; it is returned where it was not yet. */
export function enhanceRows(root, { enhanceParts }) {
  if (root.dataset.live) return null;
  root.dataset.live = "yes";
  return new Rows(root, { enhanceParts });
}
