/* Ctrl-K (⌘K): type a few letters, go to a character or framework. */

const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const dialog = document.getElementById("finder");
const input = dialog?.querySelector("[data-finder-input]");
const count = dialog?.querySelector("[data-finder-count]");

/* Enter was pressed before the answer to what was typed came. */
let isWaiting = false;
let isLoading = false;

function links() {
  return [...dialog.querySelectorAll("#finder-results a")];
}

function open() {
  if (document.querySelector("dialog[open]")) return;
  input.value = "";
  isWaiting = false;
  dialog.showModal();
  input.focus();
  window.htmx.trigger(input, "finder");
}

function move(step) {
  const stops = [input, ...links()];
  const at = stops.indexOf(document.activeElement);
  const next = stops[(at + step + stops.length) % stops.length];
  next.focus();
  if (next === input) input.select();
}

function onKey(event) {
  if (event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    move(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter" && event.target === input) {
    event.preventDefault();
    if (isLoading) isWaiting = true;
    else links()[0]?.click();
  } else if (event.key.length === 1 && event.target !== input && !event.ctrlKey && !event.metaKey) {
    input.focus(); // Goes on typing where it belongs.
  }
}

if (dialog) {
  document.addEventListener("keydown", (event) => {
    const isModified = IS_MAC ? event.metaKey : event.ctrlKey;
    if (!isModified || event.altKey || event.shiftKey || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  dialog.addEventListener("keydown", onKey);
  input.addEventListener("input", () => {
    isLoading = true;
    isWaiting = false;
  });
  dialog.addEventListener("htmx:beforeRequest", () => {
    isLoading = true;
  });
  dialog.addEventListener("htmx:afterSwap", () => {
    isLoading = false;
    const found = links().length;
    count.textContent = found === 1 ? "1 found" : `${found} found`;
    if (isWaiting) links()[0]?.click();
    isWaiting = false;
  });
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    dialog.addEventListener(failure, () => {
      isLoading = false;
      isWaiting = false;
      count.textContent = "";
      const words = document.createElement("p");
      words.className = "finder__hint";
      words.setAttribute("role", "alert");
      words.textContent = "The search did not answer. Reload the page, or try again.";
      dialog.querySelector("#finder-results").replaceChildren(words);
    });
  }
}
