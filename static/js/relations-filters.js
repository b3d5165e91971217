/* The bar of filters. Where the page draws by itself (graph, matrix), a choice acts
   at once and is kept in the address; elsewhere it asks the server for the page.
   Without script the form does so, too. */

import { store } from "./relations-store.js";

const PATIENCE = 350; // milliseconds after the last key
const form = document.querySelector("[data-relations-filters]");
const isLive = form.dataset.relationsFilters === "live";

function thousandths(text) {
  return Math.round(Number(text.replace(",", ".")) * 1000);
}

function read() {
  const data = new FormData(form);
  const text = (name) => String(data.get(name) ?? "").trim();
  return {
    min: thousandths(text("min")),
    sign: text("sign"),
    apart: thousandths(text("apart")),
    events: Number(text("events")),
    changed: text("changed"),
    tag: text("tag"),
    around: text("around"),
    depth: Number(text("depth") || 1),
    q: text("q"),
  };
}

function write({ min, sign, apart, events, changed, tag, around, depth, q }) {
  const values = {
    min: min ? min / 1000 : "",
    apart: apart ? apart / 1000 : "",
    events: events || "",
    sign,
    changed,
    tag,
    around,
    depth,
    q,
  };
  for (const [name, value] of Object.entries(values)) {
    const control = form.elements[name];
    if (control && document.activeElement !== control) control.value = value;
  }
}

/* Steps count only around somebody. */
function showDepth() {
  form.querySelector("[data-filters-depth]").hidden = !form.elements.around.value;
}

function show() {
  write(store.filters);
  showDepth();
  const { view } = store.filters;
  history.replaceState(history.state, "", `?${store.query({ view })}`);
  for (const tab of document.querySelectorAll("[data-relations-view]")) {
    tab.search = store.query({ view: tab.dataset.relationsView });
  }
  for (const clear of document.querySelectorAll("[data-filters-clear]")) {
    clear.hidden = !store.isCut;
  }
}

let timer = 0;

function act() {
  clearTimeout(timer);
  showDepth();
  if (!form.checkValidity()) return;
  if (isLive) store.setFilters(read());
  else form.requestSubmit();
}

form.addEventListener("change", act);
form.addEventListener("submit", (event) => {
  if (!isLive) return;
  event.preventDefault();
  if (form.reportValidity()) act();
});
if (isLive) {
  form.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(act, PATIENCE);
  });
  store.subscribe(({ reason }) => {
    if (reason === "filters") show();
  });
}
/* An empty field would stand in the address, and say nothing. */
form.addEventListener("formdata", ({ formData }) => {
  for (const [name, value] of [...formData]) {
    if (!value && name !== "view") formData.delete(name);
  }
});
showDepth();
