/* The JSON beside the boxes: opened, it shows what the boxes say now; typed into,
   it becomes what is saved. Numbers are copied as written, so 7.0 stays 7.0. */

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const STEP = "  ";

class Raw {
  constructor(text) {
    this.text = text;
  }
}

const text = (value) => new Raw(JSON.stringify(value));

function pretty(value, indent = "") {
  if (value instanceof Raw) return value.text;
  const isList = Array.isArray(value);
  const inner = indent + STEP;
  const parts = isList
    ? value.map((item) => inner + pretty(item, inner))
    : value.entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${pretty(item, inner)}`);
  const [open, close] = isList ? "[]" : "{}";
  return parts.length ? `${open}\n${parts.join(",\n")}\n${indent}${close}` : open + close;
}

/* The controls directly below `root`, not those inside another group or list. */
function parts(root) {
  const above = root.closest("[data-means]");
  return [...root.querySelectorAll("[data-means]")].filter(
    (part) => part.parentElement.closest("[data-means]") === above,
  );
}

function rowsOf(root) {
  return [...root.querySelectorAll(":scope > [data-rows-list] > [data-row]")];
}

/* Rows that were added and left empty are not saved, so they are not shown. */
function isEmpty(row) {
  if (!row.querySelector(":scope > input[name$='._spare']")) return false;
  return [...row.querySelectorAll("input:not([type=hidden], .sheet-row__place), textarea, select")].every(
    (control) => (control.tagName === "SELECT"
      ? !control.querySelector("[selected]") || control.selectedOptions[0]?.defaultSelected
      : control.value === control.defaultValue && control.checked === control.defaultChecked),
  );
}

function ownText(control) {
  const stored = control.parentElement.querySelector(":scope > input[name$='._was']");
  if (stored) {
    const was = JSON.parse(stored.value);
    if (was.replaceAll("\r\n", "\n").replaceAll("\r", "\n") === control.value) return was;
  }
  return control.value;
}

function numberOf(written) {
  if (!written.trim()) return new Raw("null");
  return NUMBER.test(written.trim()) ? new Raw(written.trim()) : text(written);
}

function treeRow(row) {
  const kind = row.querySelector(":scope > .sheet-tree__line [data-tree-kind]").value;
  const control = row.querySelector(":scope > .sheet-tree__line > [data-tree-value] [name$='.value']");
  const nested = row.querySelector(":scope > [data-rows]");
  switch (kind) {
    case "number":
      return numberOf(control.value);
    case "flag":
      return new Raw(["true", "yes"].includes(control.value.trim().toLowerCase()) ? "true" : "false");
    case "nothing":
      return new Raw("null");
    case "list":
      return nested ? rowsOf(nested).filter((item) => !isEmpty(item)).map(treeRow) : [];
    case "object":
      return treeOf(nested);
    default:
      return text(ownText(control));
  }
}

function treeOf(rows) {
  const entries = (rows ? rowsOf(rows) : []).filter((row) => !isEmpty(row)).map((row) => [
    ownText(row.querySelector(":scope > .sheet-tree__line > [data-tree-key] [name$='.key']")),
    treeRow(row),
  ]);
  return { entries };
}

function choiceOf(root) {
  const chosen = root.querySelector("option:checked, input:checked");
  if (!chosen) return new Raw("null");
  return chosen.dataset.json ? new Raw(chosen.dataset.json) : text(chosen.value);
}

const READERS = {
  text: (part) => text(ownText(part.querySelector("input, textarea"))),
  "text-or-null": (part) => {
    const { value } = part.querySelector("input, textarea");
    return value ? text(value) : new Raw("null");
  },
  number: (part) => numberOf(part.querySelector("input").value),
  flag: (part) => new Raw(String(part.querySelector("input[type=checkbox]").checked)),
  choice: choiceOf,
  terms: (part) => part.querySelector("[data-terms-lines]").value
    .split("\n").map((line) => line.trim()).filter(Boolean).map(text),
  json: (part) => new Raw(part.querySelector("textarea").value.trim() || "null"),
  group: (part) => ({ entries: parts(part).map((inner) => [inner.dataset.key, read(inner)]) }),
  rows: (part) => rowsOf(part).filter((row) => !isEmpty(row))
    .map((row) => read(row.querySelector("[data-means]"))),
  tree: (part) => treeOf(part.querySelector(":scope > [data-rows]")),
};

function read(part) {
  return READERS[part.dataset.means](part);
}

/** Tie one JSON text to the boxes above it. */
export function enhanceJSON(root) {
  const boxes = root.closest("[data-sheet]").querySelector("[data-sheet-boxes]");
  const written = root.querySelector("[data-sheet-json-text]");
  const mark = root.querySelector("[data-sheet-json-mark]");
  if (!boxes || !mark) return;
  const refresh = () => {
    if (root.open && !mark.checked) written.value = pretty(read(boxes.querySelector("[data-means]")));
  };
  const show = () => {
    boxes.inert = mark.checked;
    boxes.classList.toggle("sheet__boxes--off", mark.checked);
  };
  root.addEventListener("toggle", refresh);
  boxes.addEventListener("input", refresh);
  boxes.addEventListener("change", refresh);
  written.addEventListener("input", () => {
    mark.checked = true;
    show();
  });
  mark.addEventListener("change", show);
  // What is not saved need not travel; it can be as long as the boxes.
  written.form?.addEventListener("formdata", ({ formData }) => {
    if (!mark.checked) formData.delete(written.name);
  });
  show();
}
