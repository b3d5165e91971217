/* The page that edits a draft: sections, panes and keys. It works without them. */

import { openAround } from "./editor-fields.js";
import { startDock } from "./editor-dock.js";
import { startPreview } from "./editor-preview.js";
import { startSections } from "./editor-sections.js";

const page = document.querySelector("[data-editor-page]");
const form = document.getElementById("editor-form");

page.classList.add("editor-page--live");
page.dataset.pane = "write";

/* Whoever saves or compiles listens to one event, whatever the control was. */
function tellChange() {
  form.dispatchEvent(new CustomEvent("editor:changed", { bubbles: true }));
}
form.addEventListener("input", tellChange);
form.addEventListener("change", tellChange);

const dock = startDock(page, { form });
const sections = startSections(page, { form, dock });
startPreview(page, { form, dock, sections });

/* What needs a change is read and reached first. */
const problems = document.querySelector("[data-problems]");
problems?.focus();
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-problems] a[href^='#field-']");
  const field = link && document.querySelector(link.getAttribute("href"));
  if (!field) return;
  event.preventDefault();
  dock.write();
  const wrong = field.querySelector("[aria-invalid=true]:not(fieldset)");
  openAround(wrong ?? field).focus();
});

/* Where nothing saves by itself, leaving with unsaved text asks first. */
if (!document.querySelector("[data-editor-saving]")) {
  let isDirty = Boolean(problems);
  let isSaving = false;
  form.addEventListener("editor:changed", () => {
    isDirty = true;
  });
  form.addEventListener("submit", ({ submitter }) => {
    isSaving = submitter?.formTarget !== "_blank";
  });
  window.addEventListener("beforeunload", (event) => {
    if (isDirty && !isSaving) event.preventDefault();
  });
  /* Back to the form from the browser's memory: it can be left or sent again. */
  window.addEventListener("pageshow", () => {
    isSaving = false;
  });
}

/* Ctrl-S saves, Ctrl-Enter goes on to publishing; Cmd on a Mac. */
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
  const wanted = { s: "[data-save]", enter: "[data-publish]" }[event.key.toLowerCase()];
  const button = wanted && page.querySelector(wanted);
  if (!button || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  button.click();
});
