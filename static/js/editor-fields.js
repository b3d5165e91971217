/* Fields of the form by the path of their value, and back.

   A path is written as the server traces prompts: the field's name, then names
   and places of rows (quirks.0.items.2), the latter counted as rows stand now. */

const CONTROLS = "input:not([type=hidden], .sheet-row__place), textarea, select";

function firstControl(element) {
  return [...element.querySelectorAll(CONTROLS)].find((control) => !control.closest("[hidden]"));
}

/** Unfold whatever hides `element`; its first control, or itself, is returned. */
export function openAround(element) {
  const control = element.matches(CONTROLS) ? element : firstControl(element) ?? element;
  for (let at = control; at; at = at.parentElement) {
    if (at.matches("details")) at.open = true;
  }
  return control;
}

function rowsIn(element) {
  const list = element.matches("[data-rows]") ? element : element.querySelector("[data-rows]");
  return [...list?.querySelector(":scope > [data-rows-list]")?.children ?? []];
}

function nameOf(row) {
  return row.querySelector(":scope > .sheet-tree__line > [data-tree-key] :is(input, textarea)")?.value;
}

/* One step down a path. Names in trees may hold dots, so as many steps of the
   path as fit a row's name are taken. */
function stepDown(at, steps) {
  const tree = at.closest("[data-tree]") ?? at.querySelector(":scope [data-tree]");
  if (tree && (at === tree || tree.contains(at) || at.matches("[id^='field-']"))) {
    const rows = at.matches("[data-row]") ? rowsIn(at) : rowsIn(tree);
    for (let taken = steps.length; taken > 0; taken -= 1) {
      const name = steps.slice(0, taken).join(".");
      const row = rows.find((one) => nameOf(one) === name && !one.querySelector(":scope > .sheet-tree__line > [data-tree-key][hidden]"));
      if (row) return [row, taken];
    }
    return [rows[Number(steps[0])], 1];
  }
  if (/^\d+$/.test(steps[0])) return [rowsIn(at)[Number(steps[0])], 1];
  return [at.querySelector(`[data-key="${CSS.escape(steps[0])}"]`), 1];
}

/** The element that stands for `path`, or for the nearest part that has one. */
export function elementAt(path) {
  let steps = path.split(".");
  let at = document.getElementById(`field-${steps[0]}`);
  steps = steps.slice(1);
  while (at && steps.length) {
    const [next, taken] = stepDown(at, steps);
    if (!next) break;
    at = next;
    steps = steps.slice(taken);
  }
  return at;
}

/** The path of the value that `control` belongs to; empty outside of fields. */
export function pathOf(control) {
  const field = control.closest("[id^='field-']");
  if (!field) return "";
  const steps = [];
  for (let at = control; at !== field; at = at.parentElement) {
    if (at.matches("[data-row]")) {
      const hasName = at.matches(".sheet-tree__row") && !at.querySelector(":scope > .sheet-tree__line > [data-tree-key][hidden]");
      steps.unshift(hasName ? nameOf(at) : [...at.parentElement.children].indexOf(at));
    } else if (at.dataset.key && !/^\d+$/.test(at.dataset.key) && !at.closest(".sheet-tree__line")) {
      steps.unshift(at.dataset.key);
    }
  }
  return [field.id.replace("field-", ""), ...steps].join(".");
}
