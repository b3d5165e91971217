/* The test console; each of its forms works without this, as a page.

   Everything is found from the event, because the pane comes and goes in the
   editor's dock. */

import { showToast } from "./toasts.js";

const POLL_MS = 1000;
const SAVE_MS = 2000;
const LOST = "The server cannot be reached. What you wrote is still here; try again.";
const SIGNED_OUT = "You are signed out. Sign in again in another tab, then try again.";

/* The answer, or null with a word about why there is none. */
async function ask(url, options = {}) {
  try {
    const answer = await fetch(url, { ...options, headers: { "HX-Request": "true" } });
    // Our own answers to scripts never redirect; the door to sign in does.
    if (answer.redirected || answer.status === 401) {
      showToast({ text: SIGNED_OUT, kind: "warning" });
      return null;
    }
    return answer;
  } catch {
    showToast({ text: LOST, kind: "warning" });
    return null;
  }
}

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

/* -- Messages -- */

function number(list) {
  const messages = [...list.querySelectorAll("[data-test-message]")];
  messages.forEach((message, at) => {
    const button = message.querySelector("[data-test-remove]");
    button.value = `remove-${at}`;
    button.disabled = messages.length === 1;
    button.querySelector(".visually-hidden").textContent = `Remove message ${at + 1}`;
  });
}

function addMessage(form) {
  const list = form.querySelector("[data-test-messages]");
  const before = list.lastElementChild?.querySelector("select")?.value;
  const blank = form.querySelector("[data-test-blank]").content.cloneNode(true);
  const message = blank.querySelector("[data-test-message]");
  message.querySelector("select").value = before === "user" ? "character" : "user";
  list.append(message);
  number(list);
  message.querySelector("textarea").focus();
}

function removeMessage(button) {
  const message = button.closest("[data-test-message]");
  const list = message.parentElement;
  if (list.children.length === 1) return;
  const next = message.nextElementSibling ?? message.previousElementSibling;
  message.remove();
  number(list);
  next.querySelector("textarea").focus();
}

document.addEventListener("change", (event) => {
  if (!event.target.matches("[data-test-who]") || event.target.value !== "other") return;
  const name = event.target.closest("[data-test-message]").querySelector("[name=name]");
  if (!name.value) name.focus();
});

/* -- Trying -- */

/* Beside the editor, what was just typed is saved in a moment: tried with it. */
let isTyped = false;
document.addEventListener("editor:changed", () => {
  isTyped = true;
});
document.addEventListener("editor:saved", () => {
  isTyped = false;
});

function untilSaved() {
  if (!isTyped) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("editor:saved", resolve, { once: true });
    setTimeout(resolve, SAVE_MS);
  });
}

/* The latest watch over each pane; an older one ends. */
const watches = new WeakMap();

/* Looks after the replies until all are there. */
async function follow(pane) {
  const started = performance.now();
  const watch = {};
  watches.set(pane, watch);
  for (;;) {
    const replies = pane.querySelector("[data-test-replies][data-waiting]");
    if (!replies || !pane.isConnected || watches.get(pane) !== watch) return;
    showTime(replies, started);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    if (!replies.isConnected) continue;
    let answer;
    try {
      answer = await fetch(replies.dataset.src, { headers: { "HX-Request": "true" } });
    } catch {
      continue; // A network that is away comes back.
    }
    if (answer.status === 404) {
      replies.replaceChildren("This try is not kept any more. Press Try again.");
      replies.removeAttribute("data-waiting");
      return;
    }
    if (!answer.ok || answer.redirected) continue;
    const fresh = fragment(await answer.text());
    // Replaced only when something came: what is read or focused stays.
    const count = (root) => root.querySelectorAll(".test__waiting").length;
    if (replies.isConnected && count(fresh) !== count(replies)) replaceReplies(replies, fresh);
  }
}

function showTime(replies, started) {
  const seconds = Math.round((performance.now() - started) / 1000);
  for (const again of replies.querySelectorAll("[data-test-again]")) again.hidden = true;
  for (const time of replies.querySelectorAll("[data-test-time]")) time.textContent = `${seconds} s`;
}

function replaceReplies(replies, fresh) {
  const hadFocus = replies.contains(document.activeElement);
  const pane = replies.closest("[data-test]");
  replies.replaceWith(fresh);
  const now = pane.querySelector("[data-test-replies]");
  const isDone = !now.hasAttribute("data-waiting");
  if (hadFocus) {
    const target = now.querySelector("[data-test-stop] button");
    (target ?? pane.querySelector("[data-test-heading]"))?.focus();
  }
  if (isDone) say(pane, "The replies are there.");
}

/* One short line for screen readers; the replies themselves are read at will. */
function say(pane, text) {
  let status = pane.querySelector(":scope > [role=status]");
  if (!status) {
    status = document.createElement("p");
    status.className = "visually-hidden";
    status.setAttribute("role", "status");
    pane.append(status);
  }
  status.textContent = text;
}

/* Goes to a heading; of what scrolls around it, only the innermost moves. */
function reach(heading) {
  heading.focus({ preventScroll: true });
  let around = heading.parentElement;
  while (around && !/auto|scroll/.test(getComputedStyle(around).overflowY)) around = around.parentElement;
  if (!around) {
    heading.scrollIntoView({ block: "nearest" });
    return;
  }
  const below = heading.getBoundingClientRect().bottom - around.getBoundingClientRect().bottom;
  // A third of it shows what follows the heading.
  if (below > -around.clientHeight / 3) around.scrollTop += below + (2 * around.clientHeight) / 3;
}

async function attempt(form) {
  const pane = form.closest("[data-test]");
  const button = form.querySelector("[data-test-try]");
  if (button.disabled) return;
  button.disabled = true;
  await untilSaved();
  const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
  button.disabled = false;
  if (!answer) return;
  if (answer.status === 422) {
    const fresh = fragment(await answer.text()).querySelector("[data-test-form]");
    form.replaceWith(fresh);
    number(fresh.querySelector("[data-test-messages]"));
    (fresh.querySelector("[aria-invalid=true]") ?? fresh.querySelector("textarea")).focus();
    return;
  }
  if (!answer.ok) {
    showToast({ text: `That did not work (${answer.status}). Try again.`, kind: "error" });
    return;
  }
  for (const wrong of form.querySelectorAll(".field__error, .notice--danger")) wrong.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  const outcome = pane.querySelector("[data-test-outcome]");
  outcome.replaceChildren(fragment(await answer.text()));
  reach(outcome.querySelector("[data-test-heading]"));
  follow(pane);
}

async function stop(form) {
  const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
  if (answer?.ok) replaceReplies(form.closest("[data-test-replies]"), fragment(await answer.text()));
}

async function keepSample(form) {
  const answer = await ask(form.action, { method: "POST", body: new FormData(form) });
  if (!answer) return;
  const place = form.querySelector("[data-test-kept]");
  const told = fragment(await answer.text());
  if (answer.ok) {
    const line = told.querySelector("[data-test-is-kept]");
    form.replaceWith(line);
    line.querySelector("a").focus();
  } else if (answer.status === 422) {
    place.replaceChildren(told);
  }
}

/* -- Events -- */

document.addEventListener("click", (event) => {
  const add = event.target.closest?.("[data-test-add]");
  const remove = event.target.closest?.("[data-test-remove]");
  if (!add && !remove) return;
  event.preventDefault();
  if (add) addMessage(add.form);
  else removeMessage(remove);
});

const SUBMITS = [
  ["[data-test-form]", attempt],
  ["[data-test-stop]", stop],
  ["[data-test-keep]", keepSample],
];
document.addEventListener("submit", (event) => {
  const found = SUBMITS.find(([selector]) => event.target.matches(selector));
  if (!found) return;
  event.preventDefault();
  found[1](event.target);
});

/* Ctrl-Enter or Cmd-Enter in the form tries. Caught on the way in, because in the
   editor the same keys go on to publishing. */
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    const form = event.target.closest?.("[data-test-form]");
    if (!form) return;
    event.preventDefault();
    event.stopPropagation();
    form.requestSubmit(form.querySelector("[data-test-try]"));
  },
  { capture: true },
);

for (const pane of document.querySelectorAll("[data-test]")) {
  const list = pane.querySelector("[data-test-messages]");
  if (list) number(list);
  follow(pane);
}
