/* Going to what two feel for each other. Whoever shows it otherwise, say in a drawer,
   listens for "relations:open" and prevents the default. */

import { store } from "./relations-store.js";

/** Open the page of two, by ids. */
export function openPair(source, target) {
  const url = store.pairUrl(source, target);
  const event = new CustomEvent("relations:open", {
    bubbles: true,
    cancelable: true,
    detail: { source, target, url },
  });
  if (document.dispatchEvent(event)) location.assign(url);
}
