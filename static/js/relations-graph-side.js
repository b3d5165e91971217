/* Beside the graph: the chosen character, what it feels and what is felt for it. It
   is also how the graph is used without a mouse. */

import { signed, toneOf } from "./relations-rules.js";
import { store } from "./relations-store.js";

const MOST = 12;
const side = document.querySelector("[data-graph-side]");
const choice = document.querySelector("[data-graph-choice]");
const list = side.querySelector("[data-graph-feelings]");
const line = side.querySelector("template").content;

let chosen = null;
let choose = () => {};

function row({ source, target, value, key }) {
  const item = line.firstElementChild.cloneNode(true);
  const isForth = source === chosen;
  const link = item.querySelector("a");
  const other = store.nameOf(isForth ? target : source);
  link.textContent = isForth ? `for ${other}` : `from ${other}`;
  link.href = store.pairUrl(source, target);
  link.dataset.pair = key;
  item.querySelector("[data-graph-value]").textContent = signed(value);
  item.querySelector("[data-graph-value]").dataset.tone = toneOf(value);
  item.querySelector("[data-graph-band]").textContent = store.bandOf(value);
  return item;
}

/** Show what is felt now. */
export function drawSide() {
  const character = store.characters.get(chosen);
  side.hidden = !character;
  if (!character) return;
  const name = side.querySelector("[data-graph-name]");
  name.textContent = character.name;
  name.href = store.config.character.replace("-character-", chosen);
  const around = side.querySelector("[data-graph-around]");
  const isAround = store.filters.around === chosen;
  around.textContent = isAround ? "Show everybody" : `Only around ${character.name}`;
  const near = store.shown.filter(({ source, target }) => source === chosen || target === chosen);
  const focused = list.contains(document.activeElement) ? document.activeElement.dataset.pair : null;
  list.replaceChildren(...near.slice(0, MOST).map(row));
  list.querySelector(`[data-pair="${focused}"]`)?.focus();
  const more = side.querySelector("[data-graph-more]");
  more.hidden = near.length <= MOST;
  more.textContent = `and ${near.length - MOST} more`;
}

/** Offer the characters that are shown. */
export function drawChoice() {
  const cast = store.cast;
  const wanted = ["", ...cast.map(({ id }) => id)];
  const now = [...choice.options].map(({ value }) => value);
  if (wanted.length === now.length && wanted.every((id, index) => id === now[index])) return;
  choice.replaceChildren(
    new Option("Nobody", ""),
    ...cast.map(({ id, name }) => new Option(name, id)),
  );
  choice.value = chosen ?? "";
}

/** Show a character, or with null nobody; the graph is told. */
export function select(id) {
  chosen = id;
  choice.value = id ?? "";
  drawSide();
  choose(id);
}

/** `onChoose(id)` highlights; `onMove(id, x, y)` moves by so many steps. */
export function startSide({ onChoose, onMove }) {
  choose = onChoose;
  choice.addEventListener("change", () => select(choice.value || null));
  side.querySelector("[data-graph-close]").addEventListener("click", () => {
    select(null);
    choice.focus();
  });
  side.querySelector("[data-graph-around]").addEventListener("click", () => {
    store.setFilters({ around: store.filters.around === chosen ? "" : chosen });
  });
  for (const button of side.querySelectorAll("[data-graph-move]")) {
    const [x, y] = button.dataset.graphMove.split(",").map(Number);
    button.addEventListener("click", () => onMove(chosen, x, y));
  }
}
