/* Passing messages: those the server rendered, and those of scripts, who call
   showToast or send a "toast" event (htmx: the HX-Trigger header). */

const KINDS = ["info", "success", "warning", "error"];
const SECONDS = 8;

function region() {
  return document.querySelector("[data-toasts]");
}

function closeButton(toast) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "button button--quiet button--small toast__close";
  button.textContent = "Dismiss";
  button.addEventListener("click", () => toast.remove());
  return button;
}

/* What says that something failed stays until it is dismissed; the rest goes
   by itself, but never while it is pointed at or holds the focus. */
function expire(toast, seconds) {
  if (toast.matches(".toast--error, .toast--warning")) return;
  let timer;
  const start = () => {
    timer = setTimeout(() => toast.remove(), seconds * 1000);
  };
  const stop = () => clearTimeout(timer);
  toast.addEventListener("pointerenter", stop);
  toast.addEventListener("pointerleave", start);
  toast.addEventListener("focusin", stop);
  toast.addEventListener("focusout", start);
  start();
}

function prepare(toast, seconds) {
  toast.append(closeButton(toast));
  expire(toast, seconds);
}

function actionOf({ text, url, run }, toast) {
  const element = document.createElement(url ? "a" : "button");
  element.className = "button button--small toast__action";
  element.textContent = text;
  if (url) {
    element.href = url;
    return element;
  }
  element.type = "button";
  element.addEventListener("click", () => {
    toast.remove();
    run();
  });
  return element;
}

/**
 * Show a message; returns its element.
 *
 * kind: info, success, warning or error; the last two stay until dismissed.
 * action: {text, url} for a link, {text, run} for a button.
 */
export function showToast({ text, kind = "info", seconds = SECONDS, action }) {
  const toast = document.createElement("div");
  toast.className = `toast toast--${KINDS.includes(kind) ? kind : "info"}`;
  const words = document.createElement("p");
  words.className = "toast__text";
  words.textContent = text;
  toast.append(words);
  if (action) toast.append(actionOf(action, toast));
  prepare(toast, seconds);
  region().append(toast);
  return toast;
}

for (const toast of document.querySelectorAll("[data-toast]")) {
  prepare(toast, SECONDS);
}

document.addEventListener("toast", (event) => showToast(event.detail));
