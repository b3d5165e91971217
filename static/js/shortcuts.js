/* Keys: "?" shows those of the page, "g" and a letter opens an entry of the
   navigation, "/" goes to the search. Others are declared in the markup:
   data-shortcut names the key, data-shortcut-text what it does (else the
   element's own words). A key without Ctrl, Alt or ⌘ clicks its element, or
   focuses it if it is a field; one with them is listed here and handled by the
   script of its page. Keys without them can be switched off (WCAG 2.1.4). */

const OFF = "shortcuts-off";
const WAIT_MS = 1200;
const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const MODIFIERS = /^(Ctrl|Alt|Shift)\+/;
const dialog = document.getElementById("shortcuts");
const EVERYWHERE = [
  ["?", "Show these shortcuts"],
  ["Ctrl+K", "Go to a character or framework"],
];

function isOff() {
  try {
    return localStorage.getItem(OFF) === "yes";
  } catch {
    return false; // Storage may be closed to pages; then they stay on.
  }
}

function switchOff(off) {
  try {
    if (off) localStorage.setItem(OFF, "yes");
    else localStorage.removeItem(OFF);
  } catch {
    // As above.
  }
}

/* Where keys are text, or move within a control of its own. */
function isTyping(target) {
  if (!(target instanceof Element)) return false;
  if (target.closest("[contenteditable], textarea, select, [data-own-keys]")) return true;
  return target.matches("input:not([type='checkbox'], [type='radio'], [type='button'])");
}

function isUsable(element) {
  return !element.disabled && element.checkVisibility();
}

function wordsOf(element) {
  const words =
    element.dataset.shortcutText ?? element.getAttribute("aria-label") ?? element.textContent;
  return words.trim().replace(/\s+/g, " ");
}

/* [key, words] of what the page declares, each once, in its order. */
function declared() {
  const found = new Map();
  for (const element of document.querySelectorAll("[data-shortcut]")) {
    const key = element.dataset.shortcut;
    const counts = key.startsWith("g ") || isUsable(element);
    if (counts) found.set(`${key} ${wordsOf(element)}`, [key, wordsOf(element)]);
  }
  return [...found.values()];
}

function search() {
  const fields = document.querySelectorAll("main input[type='search'], #searchbar");
  return [...fields].find(isUsable);
}

// -- The list ---------------------------------------------------------------------

function keyNames(key) {
  const parts = key.includes("+") && key !== "+" ? key.split("+") : key.split(" ");
  const names = { Ctrl: "⌘", Alt: "⌥", Shift: "⇧" };
  return parts.map((part) => (IS_MAC && names[part]) || part);
}

function row([key, words]) {
  const item = document.createElement("div");
  item.className = "shortcuts__row";
  const term = document.createElement("dt");
  for (const name of keyNames(key)) {
    const cap = document.createElement("kbd");
    cap.textContent = name.length === 1 && name !== " " ? name.toUpperCase() : name;
    term.append(cap, " ");
  }
  const text = document.createElement("dd");
  text.textContent = words;
  item.append(term, text);
  return item;
}

function group(title, rows) {
  const part = document.createElement("section");
  const heading = document.createElement("h3");
  heading.className = "shortcuts__title";
  heading.textContent = title;
  const list = document.createElement("dl");
  list.className = "shortcuts__rows";
  list.append(...rows.map(row));
  part.append(heading, list);
  return part;
}

function fill() {
  const all = declared();
  const places = all.filter(([key]) => key.startsWith("g "));
  const here = all.filter(([key]) => !key.startsWith("g "));
  const everywhere = search() ? [...EVERYWHERE, ["/", "Search"]] : EVERYWHERE;
  const groups = [
    ["On this page", here],
    ["Everywhere", everywhere],
    ["Go to", places],
  ];
  const shown = groups.filter(([, rows]) => rows.length).map(([title, rows]) => group(title, rows));
  dialog.querySelector("[data-shortcuts-list]").replaceChildren(...shown);
  dialog.querySelector("[data-shortcuts-switch]").checked = !isOff();
}

// -- Keys -------------------------------------------------------------------------

function act(key) {
  if (key === "?") {
    fill();
    dialog.showModal();
    return true;
  }
  const wanted = [...document.querySelectorAll("[data-shortcut]")].filter(
    (element) => element.dataset.shortcut === key,
  );
  const element = key.startsWith("g ") ? wanted[0] : wanted.find(isUsable);
  const target = element ?? (key === "/" ? search() : undefined);
  if (!target) return false;
  if (target.matches("input, textarea, select")) target.focus();
  else target.click();
  return true;
}

let first = "";
let timer;

function forget() {
  first = "";
  clearTimeout(timer);
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || event.repeat) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.length !== 1 || isOff()) return;
  if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const key = first ? `${first} ${event.key.toLowerCase()}` : event.key;
  const isStart = !first && event.key === "g";
  forget();
  if (isStart) {
    first = "g";
    timer = setTimeout(forget, WAIT_MS);
    return;
  }
  if (!MODIFIERS.test(key) && act(key)) event.preventDefault();
}

if (dialog) {
  document.addEventListener("keydown", onKey);
  document.addEventListener("pointerdown", forget);
  // Opened from the menu: dialogs.js shows it, its list is made here.
  document.addEventListener(
    "click",
    (event) => {
      if (event.target.closest("[data-dialog-open='shortcuts']")) fill();
    },
    { capture: true },
  );
  dialog.addEventListener("change", (event) => {
    if (event.target.matches("[data-shortcuts-switch]")) switchOff(!event.target.checked);
  });
  for (const element of document.querySelectorAll("[data-needs-script]")) element.hidden = false;
}
