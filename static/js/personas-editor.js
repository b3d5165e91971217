/* Helps in the form of a new draft; it works without them. */

import { openAround } from "./editor-fields.js";

const form = document.querySelector("[data-new-draft]");
const problems = document.querySelector("[data-problems]");

/* What needs a change is read and reached first. */
problems?.focus();

/* A link to a field opens whatever it is folded into, and goes to its control. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-problems] a[href^='#field-']");
  const field = link && document.querySelector(link.getAttribute("href"));
  if (!field) return;
  event.preventDefault();
  field.scrollIntoView({ block: "start" });
  openAround(field.querySelector("[aria-invalid=true]:not(fieldset)") ?? field).focus({ preventScroll: true });
});

/* Leaving with unsaved text asks first; saving does not. */
let isDirty = Boolean(document.querySelector("[data-problems]"));
let isSaving = false;
form.addEventListener("input", () => {
  isDirty = true;
});
form.addEventListener("submit", () => {
  isSaving = true;
});
window.addEventListener("beforeunload", (event) => {
  if (isDirty && !isSaving) event.preventDefault();
});
/* Back to the form from the browser's memory: it can be left or sent again. */
window.addEventListener("pageshow", () => {
  isSaving = false;
});

/* Ctrl-S or Cmd-S saves and goes on. */
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "s") return;
  const button = form.querySelector("[name=_continue]");
  if (!button) return;
  event.preventDefault();
  form.requestSubmit(button);
});

/* The part in view is marked beside the form. */
const links = new Map(
  [...form.querySelectorAll(".sidebar__link")].map((link) => [link.hash.slice(1), link]),
);
const inView = new Set();
const watcher = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inView.add(target.id);
      else inView.delete(target.id);
    }
    const current = [...links.keys()].find((id) => inView.has(id));
    for (const [id, link] of links) {
      if (id === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  },
  { rootMargin: "-20% 0px -60% 0px" },
);
for (const id of links.keys()) watcher.observe(document.getElementById(id));
