/* The chosen files are imported a few at a time, with a bar; each row then tells
   what became of it. What was done stays done, so that one can always go on.
   Without this script the form does at most fifty at once. */

import { askConfirmation } from "./dialogs.js";
import { post, wordsFor } from "./import-asking.js";

const CHUNK = 5;

/* A card without a picture that can be shown. */
document.addEventListener(
  "error",
  ({ target }) => {
    if (target.matches?.("[data-import-picture]")) target.remove();
  },
  true,
);

/* The id only counts for a new one. */
function follow(row) {
  const action = row.querySelector("[data-import-action]");
  const id = row.querySelector("[data-import-id]");
  if (action && id) id.hidden = action.value !== "new";
}

function followAll(root) {
  for (const row of root.querySelectorAll("[data-key]")) follow(row);
}

/* One box that ticks all others, also those of files that are read later. */
function showAll(form) {
  const label = form.querySelector("[data-import-all]");
  if (!label) return;
  const count = form.querySelectorAll("input[name=ids]").length;
  const chosen = ticked(form).length;
  const box = label.querySelector("input");
  label.hidden = !count;
  box.checked = count > 0 && chosen === count;
  box.indeterminate = chosen > 0 && chosen < count;
}

const choiceOf = (row) => row.querySelector("[data-import-action]")?.value;
const ticked = (form) => [...form.querySelectorAll("input[name=ids]:checked")];

function label(form) {
  const button = form.querySelector("[data-import-submit]");
  if (!button) return;
  const isAll = form.elements.scope.value === "all";
  const forAll = form.elements.for_all.value;
  const verb = forAll === "skip" ? "Leave out" : "Import";
  const rows = ticked(form).map(rowOf);
  const count = rows.length;
  const left = rows.filter((row) => (forAll || choiceOf(row)) === "skip").length;
  const some = left === count ? `Leave out ${left}` : `Import ${count - left}`;
  const rest = left && left < count ? `, leave out ${left}` : "";
  button.textContent = isAll ? `${verb} all that are ready` : `${some}${rest}`;
  button.disabled = form.matches("[data-running]") || (!isAll && !count);
  showAll(form);
}

/* Drafts that are here are only overwritten by somebody who means it. */
async function mayOverwrite(form) {
  const forAll = form.elements.for_all.value;
  const isAll = form.elements.scope.value === "all";
  const rows = isAll ? [...form.querySelectorAll("[data-key]")] : ticked(form).map(rowOf);
  const actions = rows.map((row) => forAll || choiceOf(row));
  const count = actions.filter((action) => action?.startsWith("replace")).length;
  if (!count) return true;
  const noun = count === 1 ? "1 draft is" : `${count} drafts are`;
  return askConfirmation({
    title: "Replace drafts?",
    question: forAll
      ? "Drafts that are here already are replaced by what the files say. What was published stays."
      : `${noun} replaced by what the files say. What was published stays.`,
    action: "Replace",
    isDanger: true,
  });
}

const rowOf = (box) => box.closest("[data-key]");

function place(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const fresh = template.content.querySelector("[data-key]");
  const old = document.getElementById(fresh.id);
  if (!old) return;
  old.replaceWith(fresh);
  window.htmx?.process(fresh);
  follow(fresh);
}

/* What others name comes first: frameworks, lorebooks, then characters. */
function inOrder(boxes) {
  const order = ["framework", "lorebook", "character"];
  const rank = (box) => order.indexOf(rowOf(box).dataset.kind);
  return boxes.sort((a, b) => rank(a) - rank(b));
}

class Importing {
  constructor(form) {
    this.form = form;
    this.going = form.querySelector("[data-import-going]");
    this.stopped = document.querySelector("[data-import-stopped]");
    this.counts = { done: 0, skipped: 0, failed: 0 };
    this.isAll = form.elements.scope.value === "all";
    this.keys = this.isAll ? [] : inOrder(ticked(form)).map((box) => box.value);
    this.total = this.keys.length;
    this.after = "";
    this.entries = [...new FormData(form)].filter(([name]) => name !== "ids" && name !== "scope");
  }

  body(keys) {
    const data = new FormData();
    for (const [name, value] of this.entries) data.append(name, value);
    if (this.isAll) {
      data.append("scope", "all");
      data.append("after", this.after);
    }
    for (const key of keys) data.append("ids", key);
    return data;
  }

  show(words) {
    const seen = this.counts.done + this.counts.skipped + this.counts.failed;
    const bar = this.going.querySelector("[data-import-bar]");
    bar.max = Math.max(this.total, seen, 1);
    bar.value = seen;
    this.going.querySelector("[data-import-status]").textContent =
      words ?? `${seen} of ${bar.max} looked at`;
  }

  /* Goes on where it was, also after a failure. */
  async run() {
    this.going.hidden = false;
    this.stopped.hidden = true;
    this.running(true);
    this.show();
    try {
      while (await this.step()) this.show();
    } catch (error) {
      this.stopped.querySelector("[data-import-why]").textContent = wordsFor(error);
      this.stopped.hidden = false;
      this.stopped.querySelector("[data-import-go-on]").onclick = () => this.run();
      this.stopped.focus();
      this.running(false);
      return;
    }
    this.running(false);
    this.end();
  }

  running(isRunning) {
    this.form.toggleAttribute("data-running", isRunning);
    label(this.form);
  }

  /* One request; whether there is more to do. */
  async step() {
    const keys = this.keys.slice(0, CHUNK);
    if (!this.isAll && !keys.length) return false;
    const answer = await post(this.form.dataset.url, () => this.body(keys));
    for (const html of Object.values(answer.rows)) place(html);
    for (const name of Object.keys(this.counts)) this.counts[name] += answer[name];
    this.keys = this.keys.slice(keys.length);
    if (!this.isAll) return this.keys.length > 0;
    const { done, skipped, failed } = this.counts;
    this.total = done + skipped + failed + answer.left;
    this.after = answer.last;
    return answer.left > 0;
  }

  end() {
    const { done, skipped, failed } = this.counts;
    const words = [`${done} imported as drafts`];
    if (skipped) words.push(`${skipped} left out`);
    if (failed) words.push(`${failed} not imported: each file says why`);
    this.show(`${words.join(", ")}.`);
    const region = document.getElementById("import-progress");
    window.htmx?.ajax("GET", region.dataset.src, { target: region, swap: "outerHTML" });
    if (done) document.querySelector("[data-import-forget]")?.remove();
    const problem = this.form.querySelector("[data-key] > [role=alert]");
    problem?.focus();
  }
}

for (const form of document.querySelectorAll("[data-import-form]")) {
  if (!form.elements.scope) continue;
  form.querySelector("[data-import-plain]").hidden = true;
  followAll(form);
  label(form);
  form.addEventListener("change", ({ target }) => {
    const row = target.closest("[data-key]");
    if (row) follow(row);
    if (target.closest("[data-import-all]")) {
      for (const box of form.querySelectorAll("input[name=ids]")) box.checked = target.checked;
    }
    label(form);
  });
  document.addEventListener("htmx:load", ({ target }) => {
    if (target.matches("[data-key]")) follow(target);
    label(form);
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!(await mayOverwrite(form))) return;
    await new Importing(form).run();
  });
}
