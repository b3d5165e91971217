/* <button data-copy="#id"> copies the text of an element. */

import { showToast } from "./toasts.js";

function select(source) {
  const range = document.createRange();
  range.selectNodeContents(source);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  // Browsers offer the clipboard only over HTTPS and on this machine.
  if (!navigator.clipboard) {
    select(source);
    showToast({ text: "Selected. Press Ctrl+C (or ⌘C) to copy." });
    return;
  }
  await navigator.clipboard.writeText(source.value ?? source.textContent);
  showToast({ text: "Copied.", kind: "success", seconds: 3 });
});
