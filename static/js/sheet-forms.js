/* Forms made from sheets: chips, rows, trees and the JSON beside them. The page
   works without all of this; scripts only make it quicker. */

import { enhanceTerms } from "./sheet-forms-chips.js";
import { enhanceJSON } from "./sheet-forms-json.js";
import { enhanceRows } from "./sheet-forms-rows.js";

const GROWS = CSS.supports("field-sizing", "content");

function grow(textarea) {
  textarea.style.height = "auto";
  textarea.style.height = `${textarea.scrollHeight + 2}px`;
}

/** Make everything inside `root` live; what is live already stays as it is. */
export function enhance(root) {
  for (const sheet of root.querySelectorAll("[data-sheet]")) {
    if (sheet.classList.contains("sheet--live")) continue;
    sheet.classList.add("sheet--live");
    enhanceParts(sheet);
    for (const json of sheet.querySelectorAll("[data-sheet-json]")) enhanceJSON(json);
  }
}

/** The same for parts of a sheet that is live already. */
export function enhanceParts(root) {
  for (const rows of root.querySelectorAll("[data-rows]")) {
    // Spare rows leave the page as their list comes alive, with lists in them.
    if (rows.isConnected) enhanceRows(rows, { enhanceParts });
  }
  for (const terms of root.querySelectorAll("[data-terms]")) {
    if (terms.isConnected) enhanceTerms(terms);
  }
  if (!GROWS) root.querySelectorAll("[data-grows]").forEach(grow);
}

document.addEventListener("input", ({ target }) => {
  if (!GROWS && target.matches("[data-grows]")) grow(target);
});

// A browser cannot point at a wrong control inside a folded group.
document.addEventListener(
  "invalid",
  ({ target }) => {
    for (let at = target.closest("details"); at; at = at.parentElement.closest("details")) {
      at.open = true;
    }
  },
  true,
);

document.addEventListener("htmx:load", ({ target }) => enhance(target.parentElement ?? target));
document.addEventListener("formset:added", ({ target }) => enhance(target));
enhance(document);
