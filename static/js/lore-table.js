/* The entries of a lorebook as one long table: arrows and letters, choosing many,
   moving, switching, removing with undo; what others do comes in by itself.

   The focus stays on the table; aria-activedescendant names the row. So rows may
   come and go, and nobody loses their place. */

import { follow, read } from "./live.js";
import { watchDragging } from "./lore-table-drag.js";
import { Drawer } from "./lore-entry-drawer.js";
import { Rows } from "./lore-table-rows.js";
import { showToast } from "./toasts.js";

const GATHER = 150; // milliseconds
const WIDE = window.matchMedia("(min-width: 56rem)");
const STEPS = { ArrowUp: -1, ArrowDown: 1 };
const isCommand = (event) => event.ctrlKey || event.metaKey;
const counted = (number) => (number === 1 ? "1 entry" : `${number.toLocaleString("en")} entries`);

class LoreTable {
  #root;
  #grid;
  #rows;
  #bulk;
  #said;
  #chosen = new Map(); // id → revision as it was seen
  #active = { index: 0, id: null };
  #anchor = null; // where choosing by Shift began
  #last = Promise.resolve();
  #toast = null;
  #timer = 0;
  #isActing = false;
  #following = null;
  #drawer;

  constructor(root) {
    this.#root = root;
    this.#grid = root.querySelector("[data-grid]");
    this.#bulk = root.querySelector("[data-bulk]");
    this.#said = root.querySelector("[data-said]");
    // The style sheet gives a grid its height, without which nothing scrolls.
    this.#grid.setAttribute("role", "grid");
    this.#grid.setAttribute("aria-multiselectable", "true");
    this.#grid.tabIndex = 0;
    this.#rows = new Rows(root);
    document.querySelector("[data-pages]")?.setAttribute("hidden", "");
    this.#active.index = Number(root.dataset.at);
    this.#follow();
    this.#listen();
    this.#prepareBulk();
    this.#mark();
    this.#drawer = new Drawer(document.querySelector("[data-lore-drawer]"), {
      saved: ({ entry_id: id }) => this.#savedEntry(id),
      closed: () => this.#grid.focus(),
    });
  }

  get #mayEdit() {
    return "mayEdit" in this.#root.dataset;
  }

  // -- Live ------------------------------------------------------------------------

  #follow() {
    const { key, seq } = this.#root.dataset;
    this.#following = follow("personas", {
      load: () => this.#rows.reload(this.#stays()),
      change: (ops) => {
        if (!ops.some((op) => op.key === key)) return;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#following.load(), GATHER);
      },
      position: Number(seq),
    });
  }

  /* The row that stays before the eyes when others come or go. None does while
     this person acts: they see their own row move. */
  #stays() {
    if (this.#isActing) return null;
    const [first, last] = this.#rows.visible;
    const { index, id } = this.#active;
    if (id && index >= first && index < last) return id;
    return this.#rows.at(first)?.dataset.row ?? null;
  }

  async #refresh() {
    clearTimeout(this.#timer);
    await this.#following.load();
  }

  // -- Which row -------------------------------------------------------------------

  #go(index, { extends: isExtending = false } = {}) {
    if (!this.#rows.total) return;
    const to = Math.max(0, Math.min(this.#rows.total - 1, index));
    if (isExtending) this.#extend(to);
    else this.#anchor = null;
    this.#active = { index: to, id: this.#rows.at(to)?.dataset.row ?? null };
    this.#rows.reveal(to);
    this.#mark();
  }

  get #row() {
    return this.#rows.at(this.#active.index);
  }

  /* Marks on the rows in the page, and what the bar says. */
  #mark() {
    const { index } = this.#active;
    const active = this.#rows.at(index);
    if (active) this.#active.id = active.dataset.row;
    for (const row of this.#grid.querySelectorAll("[data-row]")) {
      const isChosen = this.#chosen.has(row.dataset.row);
      row.classList.toggle("is-active", row === active);
      row.classList.toggle("is-selected", isChosen);
      row.setAttribute("aria-selected", String(isChosen));
      const box = row.querySelector("[data-pick]");
      if (box) box.checked = isChosen;
    }
    if (active?.isConnected) this.#grid.setAttribute("aria-activedescendant", active.id);
    else this.#grid.removeAttribute("aria-activedescendant");
    this.#showBulk();
  }

  // -- Choosing --------------------------------------------------------------------

  #choose(row, isChosen) {
    if (!row) return;
    if (isChosen) this.#chosen.set(row.dataset.row, Number(row.dataset.revision));
    else this.#chosen.delete(row.dataset.row);
  }

  #toggle(index) {
    const row = this.#rows.at(index);
    if (!row || !this.#mayEdit) return;
    this.#choose(row, !this.#chosen.has(row.dataset.row));
    this.#anchor = index;
    this.#mark();
    this.#say();
  }

  #extend(to) {
    if (!this.#mayEdit) return;
    this.#anchor ??= this.#active.index;
    const back = Math.abs(this.#active.index - this.#anchor) > Math.abs(to - this.#anchor);
    // Going back towards where it began takes the row left behind out again.
    if (back) this.#choose(this.#row, false);
    else this.#choose(this.#row, true);
    this.#choose(this.#rows.at(to), true);
    this.#say();
  }

  async #ids() {
    const { idsUrl, query } = this.#root.dataset;
    const response = await read(`${idsUrl}?${query}`, "application/json");
    return (await response.json()).ids;
  }

  async #chooseAll() {
    if (!this.#mayEdit) return;
    try {
      this.#chosen = new Map(await this.#ids());
    } catch (error) {
      this.#complain(error);
    }
    this.#mark();
    this.#say();
  }

  async #chooseTo(index) {
    const from = this.#anchor ?? this.#active.index;
    const [first, last] = from < index ? [from, index] : [index, from];
    for (const [id, revision] of (await this.#ids()).slice(first, last + 1)) {
      this.#chosen.set(id, revision);
    }
    this.#mark();
    this.#say();
  }

  #chooseNone() {
    this.#chosen.clear();
    this.#anchor = null;
    this.#mark();
    this.#say();
  }

  #say() {
    const { size } = this.#chosen;
    this.#said.textContent = size ? `${counted(size)} chosen.` : "None chosen.";
  }

  #prepareBulk() {
    if (!this.#bulk) return;
    this.#bulk.querySelector("[data-bulk-all]").remove();
    const none = this.#bulk.querySelector("[data-bulk-none]");
    none.hidden = false;
    none.addEventListener("click", () => {
      this.#chooseNone();
      this.#grid.focus();
    });
  }

  #showBulk() {
    if (!this.#bulk) return;
    const { size } = this.#chosen;
    this.#bulk.hidden = !size;
    this.#bulk.querySelector("[data-bulk-count]").textContent = `${counted(size)} chosen`;
    const all = this.#root.querySelector("[data-pick-all]");
    if (all) {
      all.checked = size > 0 && size >= this.#rows.total;
      all.indeterminate = size > 0 && size < this.#rows.total;
    }
  }

  // -- Acts ------------------------------------------------------------------------

  /* One after the other, in the order in which they were asked for. */
  #inTurn(act) {
    const run = async () => {
      this.#isActing = true;
      try {
        await act();
      } catch (error) {
        this.#complain(error);
      } finally {
        this.#isActing = false;
      }
    };
    this.#last = this.#last.then(run);
    return this.#last;
  }

  #complain(error) {
    console.warn(error);
    const text = "That did not reach the server, so nothing was changed. Load the page again.";
    showToast({ text, kind: "error" });
  }

  async #post(url, fields) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.#root.elements.csrfmiddlewaretoken.value);
    for (const [name, value] of fields) body.append(name, value);
    const response = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json" },
      body,
    });
    const isOurs = response.headers.get("Content-Type")?.startsWith("application/json");
    if (response.redirected || !isOurs) throw new Error(`${url} answered ${response.status}.`);
    return { ...(await response.json()), isDone: response.ok };
  }

  /* entries: [id, revision] pairs. */
  async #act(act, entries, more = {}) {
    const fields = [["act", act], ...Object.entries(more)];
    for (const [id, revision] of entries) fields.push(["ids", `${id}:${revision}`]);
    const told = await this.#post(this.#root.action, fields);
    this.#tell(told);
    if (told.isDone) await this.#afterwards();
    return told.isDone;
  }

  #tell({ text, kind, undo }) {
    // The words of the last act make room for those of this one.
    this.#toast?.remove();
    const run = () =>
      this.#inTurn(async () => {
        this.#tell(await this.#post(undo, []));
        await this.#afterwards();
      });
    this.#toast = showToast({ text, kind, action: undo ? { text: "Undo", run } : undefined });
  }

  /* What is chosen stays so, as it is now. */
  async #afterwards() {
    if (this.#chosen.size) {
      const now = new Map(await this.#ids());
      for (const id of [...this.#chosen.keys()]) {
        if (now.has(id)) this.#chosen.set(id, now.get(id));
        else this.#chosen.delete(id);
      }
    }
    await this.#refresh();
    this.#mark();
  }

  #seen(row) {
    return [[row.dataset.row, row.dataset.revision]];
  }

  #switch(row) {
    if (!row || !this.#mayEdit) return;
    const button = row.querySelector("[data-switch]");
    const isOn = button.getAttribute("aria-checked") === "true";
    // At once before the eyes; what the server says counts.
    button.setAttribute("aria-checked", String(!isOn));
    this.#inTurn(() => this.#act(isOn ? "off" : "on", this.#seen(row)));
  }

  /* Those chosen; if the active row is none of them, that one. */
  #meant() {
    const row = this.#row;
    if (row && !this.#chosen.has(row.dataset.row)) return this.#seen(row);
    return [...this.#chosen];
  }

  #remove() {
    const meant = this.#meant();
    if (!meant.length || !this.#mayEdit) return;
    this.#inTurn(() => this.#act("remove", meant));
  }

  get #maySort() {
    if (!this.#mayEdit) return false;
    if (!("sorted" in this.#root.dataset)) return true;
    const text = "Entries can be moved where they stand as listed. Choose that order first.";
    showToast({ text, kind: "info" });
    return false;
  }

  #moveBy(step) {
    const meant = this.#meant();
    if (!meant.length || !this.#maySort) return;
    const ids = new Set(meant.map(([id]) => id));
    this.#inTurn(async () => {
      const order = (await this.#ids()).map(([id]) => id);
      const places = order.flatMap((id, place) => (ids.has(id) ? [place] : []));
      const to = step < 0 ? places[0] - 1 : places.at(-1) + 1;
      if (!(to in order)) return;
      await this.#act("move", meant, { [step < 0 ? "before" : "after"]: order[to] });
      this.#find(this.#active.id);
    });
  }

  /** Where dragging ended: the row moves, with all that are chosen if it is one. */
  drop(id, { index, isLower }) {
    const target = this.#rows.at(index);
    const meant = this.#chosen.has(id) ? [...this.#chosen] : null;
    const row = this.#rows.at(this.#rows.indexOf(id));
    if (!target || !(meant || row)) return;
    const moving = meant ?? this.#seen(row);
    if (moving.some(([each]) => each === target.dataset.row)) return;
    const where = isLower ? "after" : "before";
    this.#inTurn(async () => {
      await this.#act("move", moving, { [where]: target.dataset.row });
      this.#find(id);
    });
  }

  mayDrag() {
    return this.#maySort;
  }

  #find(id) {
    const index = this.#rows.indexOf(id);
    if (index < 0) return;
    this.#active = { index, id };
    this.#rows.reveal(index);
    this.#mark();
  }

  // -- The drawer ------------------------------------------------------------------

  #open(url) {
    if (!WIDE.matches) return location.assign(url);
    return this.#drawer.open(url);
  }

  async #savedEntry(id) {
    this.#active.id = id;
    await this.#afterwards();
    this.#find(id);
  }

  // -- Events ----------------------------------------------------------------------

  #listen() {
    this.#rows.addEventListener("draw", () => this.#mark());
    this.#rows.addEventListener("fail", ({ detail }) => this.#complain(detail));
    this.#rows.addEventListener("rows", ({ detail }) => {
      for (const row of detail) {
        if (this.#chosen.has(row.dataset.row)) this.#choose(row, true);
      }
      const index = this.#rows.indexOf(this.#active.id);
      if (index >= 0) this.#active.index = index;
      this.#active.index = Math.max(0, Math.min(this.#active.index, this.#rows.total - 1));
    });
    this.#grid.addEventListener("keydown", (event) => {
      if (event.isComposing || event.defaultPrevented || !this.#onKey(event)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    this.#grid.addEventListener("click", (event) => this.#onClick(event));
    this.#root.addEventListener("submit", (event) => this.#onSubmit(event));
    this.#root.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !event.target.matches("[data-bulk-value]")) return;
      // Which of the numbers is meant is said by the button.
      event.preventDefault();
    });
    const fresh = document.querySelector("[data-open-new]");
    fresh?.addEventListener("click", (event) => {
      if (isCommand(event) || event.shiftKey || !WIDE.matches) return;
      event.preventDefault();
      this.#open(fresh.href);
    });
    if (this.#mayEdit) watchDragging(this.#grid, { rows: this.#rows, table: this });
    document.querySelector("[data-lore-filters]")?.addEventListener("change", (event) => {
      if (event.target.matches("select")) event.currentTarget.requestSubmit();
    });
  }

  #onKey(event) {
    const { key } = event;
    const { index } = this.#active;
    const [first, last] = this.#rows.visible;
    const page = Math.max(1, last - first - 2);
    const letter = key.toLowerCase();
    if (key in STEPS && event.altKey) return this.#moveBy(STEPS[key]) ?? true;
    if (event.altKey) return false;
    if (isCommand(event)) {
      if (letter === "a") return this.#chooseAll() && true;
      if (key === "Home") return this.#go(0) ?? true;
      if (key === "End") return this.#go(this.#rows.total - 1) ?? true;
      return false;
    }
    if (key in STEPS) return this.#go(index + STEPS[key], { extends: event.shiftKey }) ?? true;
    if (key === "Home") return this.#go(0) ?? true;
    if (key === "End") return this.#go(this.#rows.total - 1) ?? true;
    if (key === "PageUp") return this.#go(index - page) ?? true;
    if (key === "PageDown") return this.#go(index + page) ?? true;
    if (key === " " && event.shiftKey) return this.#toggle(index) ?? true;
    if (key === " ") return this.#switch(this.#row) ?? true;
    if (key === "x") return this.#toggle(index) ?? true;
    if (key === "Delete") return this.#remove() ?? true;
    if (key === "Escape" && this.#chosen.size) return this.#chooseNone() ?? true;
    const link = this.#row?.querySelector("[data-open]");
    if (key === "Enter" && link) {
      this.#open(link.href);
      return true;
    }
    return false;
  }

  #onClick(event) {
    const { target } = event;
    if (target.matches("[data-pick-all]")) {
      if (target.checked) this.#chooseAll();
      else this.#chooseNone();
      return;
    }
    const row = target.closest("[data-row]");
    if (!row) return;
    const index = this.#rows.indexOf(row.dataset.row);
    const wasAt = this.#active.index;
    if (target.closest("[data-open]")) {
      if (isCommand(event) || event.shiftKey || !WIDE.matches) return;
      event.preventDefault();
      this.#go(index);
      this.#open(target.closest("[data-open]").href);
      return;
    }
    if (event.shiftKey && this.#mayEdit && !target.closest("[data-switch]")) {
      this.#anchor ??= wasAt;
      this.#inTurn(() => this.#chooseTo(index));
    } else if (target.matches("[data-pick]")) {
      this.#choose(row, target.checked);
      this.#say();
      this.#anchor = index;
    } else {
      this.#anchor = null;
    }
    this.#active = { index, id: row.dataset.row };
    this.#mark();
    this.#grid.focus({ preventScroll: true });
  }

  #onSubmit(event) {
    event.preventDefault();
    const { submitter } = event;
    if (submitter?.matches("[data-switch]")) {
      this.#switch(submitter.closest("[data-row]"));
      return;
    }
    if (submitter?.name !== "act" || !this.#chosen.size) return;
    const value = this.#root.querySelector("[data-bulk-value]").value;
    this.#inTurn(async () => {
      const isDone = await this.#act(submitter.value, [...this.#chosen], { value });
      if (isDone) this.#root.querySelector("[data-bulk-value]").value = "";
      if (this.#bulk.hidden) this.#grid.focus();
    });
  }
}

for (const root of document.querySelectorAll("[data-lore-table]")) {
  if (root.querySelector("[data-grid]")) new LoreTable(root);
}
