/* Rows of a tree: each has a kind, and its value is typed in what fits the kind. */

const NESTED = ["list", "object"];

/* What a row held as text before it became a kind without text, by row. */
const kept = new WeakMap();

function cell(row, name) {
  return row.querySelector(`:scope > .sheet-tree__line > [data-tree-${name}]`);
}

function kindOf(row) {
  return row.querySelector(":scope > .sheet-tree__line [data-tree-kind]").value;
}

function control(kind, text) {
  if (kind === "flag") {
    const select = document.createElement("select");
    select.append(new Option("Yes", "true"), new Option("No", "false"));
    select.value = ["false", "no"].includes(text.trim().toLowerCase()) ? "false" : "true";
    return select;
  }
  if (kind === "text") {
    const textarea = document.createElement("textarea");
    textarea.dataset.grows = "";
    textarea.value = text;
    return textarea;
  }
  const input = document.createElement("input");
  if (kind === "number") {
    input.inputMode = "decimal";
    input.autocomplete = "off";
    input.value = text;
  } else {
    input.type = "hidden";
  }
  return input;
}

function showValue(row, kind) {
  const box = cell(row, "value");
  const old = box.querySelector("[name]:not([name$='._was'])");
  if (old.value && old.type !== "hidden") kept.set(row, old.value);
  const text = kept.get(row) ?? "";
  const fresh = control(kind, text);
  fresh.name = `${row.dataset.name}.value`;
  fresh.id = `${row.dataset.id}.value`;
  const label = document.createElement("label");
  label.className = "visually-hidden";
  label.htmlFor = fresh.id;
  label.textContent = "Value";
  const field = document.createElement("div");
  field.className = "field";
  field.append(label, fresh);
  box.replaceChildren(field);
  if (fresh.type === "hidden") label.remove();
  box.classList.toggle("sheet-tree__value--none", fresh.type === "hidden");
}

/* A list or group shows rows of its own; they wait, hidden, behind other kinds. */
function showRows(row, kind, openRows) {
  let nested = row.querySelector(":scope > [data-rows]");
  if (!nested && NESTED.includes(kind)) {
    const pattern = row.closest("[data-tree]").querySelector(":scope > [data-tree-nested]");
    nested = pattern.content.firstElementChild.cloneNode(true);
    row.append(nested);
    const rows = openRows(nested);
    const text = kept.get(row) ?? "";
    const texts = kind === "list" ? text.split("\n") : [text];
    texts.filter((item) => item.trim()).forEach((item) => rows.add(item));
  }
  if (!nested) return;
  nested.hidden = !NESTED.includes(kind);
  showKeys(nested);
}

/** Show the names of rows in a group, hide those of items in a list. */
export function showKeys(rows) {
  const row = rows.parentElement.closest("[data-row]");
  const isList = Boolean(row && rows.closest("[data-tree]").contains(row) && kindOf(row) === "list");
  for (const item of rows.querySelectorAll(":scope > [data-rows-list] > [data-row]")) {
    cell(item, "key").hidden = isList;
  }
}

/** Let the kind of `row` decide how its value is typed. */
export function enhanceKind(row, { openRows }) {
  const select = row.querySelector(":scope > .sheet-tree__line [data-tree-kind]");
  const none = cell(row, "value").querySelector("input[type=hidden][name$='.value']");
  cell(row, "value").classList.toggle("sheet-tree__value--none", Boolean(none));
  select.addEventListener("change", () => {
    showValue(row, select.value);
    showRows(row, select.value, openRows);
  });
}
