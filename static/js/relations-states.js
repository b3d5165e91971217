/* What the graph and the matrix say around what they draw: loading, failed, nothing
   yet, nothing that matches, and how much of all is shown. */

import { store } from "./relations-store.js";

const root = document.querySelector("[data-relations-shown]");
const parts = Object.fromEntries(
  [...root.querySelectorAll("[data-relations-part]")].map((part) => [part.dataset.relationsPart, part]),
);

function partNow() {
  if (store.state === "loading" && !store.directions.size) return "loading";
  if (store.state === "failed" && !store.directions.size) return "failed";
  if (store.state !== "ready") return "drawing";
  if (!store.total) return "empty";
  return store.shown.length ? "drawing" : "unmatched";
}

/** Show the part that fits; whether that is the drawing. */
export function showState() {
  const now = partNow();
  for (const [name, part] of Object.entries(parts)) part.hidden = name !== now;
  root.setAttribute("aria-busy", String(now === "loading"));
  return now === "drawing";
}

function count(number, word) {
  return `${number.toLocaleString()} ${word}${number === 1 ? "" : "s"}`;
}

/** “12 of 30 feelings between 5 characters.”; `drawn` if not all that match are. */
export function told(drawn = false) {
  const { length } = store.shown;
  if (drawn) {
    const all = count(length, "feeling");
    return `Showing the strongest ${drawn.toLocaleString()} of ${all}; the matrix has all.`;
  }
  const cast = count(store.cast.length, "character");
  const part = length < store.total ? `${length.toLocaleString()} of ` : "";
  return `${part}${count(store.total, "feeling")} between ${cast}.`;
}

root.querySelector("[data-relations-retry]").addEventListener("click", () => store.retry());
