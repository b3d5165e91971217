/* Files are dropped anywhere on the page, or chosen, and sent one by one, a few at
   a time. Without this script the form sends them all together. */

import { post, wordsFor } from "./import-asking.js";

const AT_ONCE = 3;
const TOKEN = "csrfmiddlewaretoken";

const form = document.querySelector("[data-import-drop]");
const input = form.querySelector("input[type=file]");
const part = (name) => document.querySelector(`[data-import-${name}]`);
const most = Number(form.dataset.mostBytes);

let batch = form.elements.batch?.value ?? "";
let url = "";
let files = []; // {file, line, state: waiting | sending | sent | failed | refused}
let isRunning = false;
let stopping = new AbortController();

const count = (state) => files.filter((each) => each.state === state).length;

function say(each, state, words) {
  each.state = state;
  each.line.dataset.state = state;
  each.line.querySelector("[data-words]").textContent = words;
}

function show() {
  const sent = count("sent");
  const lost = count("failed");
  const refused = count("refused");
  const bar = part("progress");
  bar.max = files.length;
  bar.value = sent + lost + refused;
  const words = [`${sent} of ${files.length} sent`];
  if (lost) words.push(`${lost} did not arrive`);
  if (refused) words.push(`${refused} cannot be taken`);
  part("status").textContent = `${words.join(", ")}.`;
  part("cancel").hidden = !isRunning;
  part("again").hidden = isRunning || !lost;
  const go = part("go");
  go.hidden = isRunning || !url;
  if (url) go.href = url;
}

function lineFor(name) {
  const line = document.createElement("li");
  const title = document.createElement("span");
  title.className = "import-sent__name";
  title.textContent = name;
  const words = document.createElement("span");
  words.className = "small muted";
  words.dataset.words = "";
  line.append(title, words);
  return line;
}

async function send(each) {
  say(each, "sending", "being sent");
  const body = (attempt) => {
    const data = new FormData();
    data.append(TOKEN, form.elements[TOKEN].value);
    data.append("file", each.file, each.file.name);
    if (batch) data.append("batch", batch);
    if (attempt || each.wasTried) data.append("again", "yes");
    return data;
  };
  try {
    const answer = await post(form.dataset.url, body, { signal: stopping.signal });
    ({ url } = answer);
    batch = String(answer.batch);
    say(each, "sent", answer.files === 1 ? "sent" : `sent: ${answer.files} files`);
  } catch (error) {
    each.wasTried = true;
    const words = stopping.signal.aborted ? "not sent: cancelled" : wordsFor(error);
    say(each, "failed", words);
  }
  show();
}

const next = () => files.find((each) => each.state === "waiting");

async function work() {
  for (let each = next(); each; each = next()) await send(each);
}

async function run() {
  if (isRunning) return;
  isRunning = true;
  stopping = new AbortController();
  show();
  // The first one makes the import that all others go into.
  while (!batch && next()) await send(next());
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  isRunning = false;
  show();
  if (url && count("sent") === files.length) location.assign(url);
  else part("status").focus?.();
}

async function isReadable(file) {
  try {
    // A folder looks like a file until somebody reads it.
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

async function take(list) {
  const chosen = [...list];
  if (!chosen.length) return;
  part("sending").hidden = false;
  const fresh = chosen.map((file) => ({ file, line: lineFor(file.name), state: "waiting" }));
  part("files").append(...fresh.map((each) => each.line));
  for (const each of fresh) {
    if (each.file.size > most) {
      say(each, "refused", `larger than ${most / 1_000_000} MB: make it smaller`);
    } else if (!(await isReadable(each.file))) {
      say(each, "refused", "a folder, or a file that cannot be read: make a zip of a folder");
    } else {
      say(each, "waiting", "waits");
    }
  }
  files = [...files, ...fresh];
  part("sending").querySelector("h2").focus();
  run();
}

input.required = false;
part("submit").hidden = true;
input.addEventListener("change", () => {
  const chosen = [...input.files];
  input.value = "";
  take(chosen);
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  take(input.files);
});
part("cancel").addEventListener("click", () => {
  stopping.abort();
  for (const each of files) {
    if (each.state === "waiting") say(each, "failed", "not sent: cancelled");
  }
  show();
});
part("again").addEventListener("click", () => {
  for (const each of files) if (each.state === "failed") say(each, "waiting", "waits");
  run();
});

const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0;

function mark(isOver) {
  form.classList.toggle("is-over", isOver);
}

document.addEventListener("dragenter", (event) => {
  if (!holdsFiles(event)) return;
  depth += 1;
  mark(true);
});
document.addEventListener("dragleave", (event) => {
  if (!holdsFiles(event)) return;
  depth -= 1;
  mark(depth > 0);
});
document.addEventListener("dragover", (event) => {
  if (holdsFiles(event)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  if (!holdsFiles(event)) return;
  event.preventDefault();
  depth = 0;
  mark(false);
  take(event.dataTransfer.files);
});
window.addEventListener("beforeunload", (event) => {
  if (isRunning) event.preventDefault();
});
