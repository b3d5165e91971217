/* The page that tells what is quiet: how long still, and only the fields that the
   choice needs. It works without. */

const MINUTE = 60; // seconds
const HOUR = 3_600;
const DAY = 86_400;

const two = (number) => String(number).padStart(2, "0");

function left(seconds) {
  if (seconds <= 0) return "about to end";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)}:${two(seconds % MINUTE)} left`;
  const hours = Math.floor((seconds % DAY) / HOUR);
  if (seconds < DAY) return `${hours} h ${Math.floor((seconds % HOUR) / MINUTE)} min left`;
  return `${Math.floor(seconds / DAY)} d ${hours} h left`;
}

function count() {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const end = new Date(element.dataset.countdown).getTime();
    const text = left(Math.ceil((end - Date.now()) / 1_000));
    if (element.textContent !== text) element.textContent = text;
  }
}

function inOwnTime(root) {
  for (const time of root.querySelectorAll("time[data-local-time]")) {
    const at = new Date(time.dateTime);
    time.title = time.textContent;
    time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}

document.addEventListener("live:load", ({ target }) => {
  // personas-pages.js has done it for what came with the page.
  inOwnTime(target);
  count();
});
count();
setInterval(count, 1_000);

const NEEDS = {
  character: ["character", "channel"],
  pair: ["character", "other", "channel"],
  channel: ["channel"],
  everything: ["sure"],
};

const form = document.querySelector("[data-quiet-form]");

function show() {
  const chosen = (name) => form.querySelector(`input[name=${name}]:checked`)?.value;
  const needed = NEEDS[chosen("what")] ?? [];
  for (const name of ["character", "other", "channel", "sure"]) {
    form.querySelector(`#id_${name}`).closest(".field").hidden = !needed.includes(name);
  }
  form.querySelector("#id_until").closest(".field").hidden = chosen("lasting") !== "until";
}

if (form) {
  form.addEventListener("change", show);
  show();
}
