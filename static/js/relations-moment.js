/* The slider over days, or minutes while there are few: it fills the field of the moment, and the form leads there.
   Whoever drags or holds an arrow key is taken only where they stop. */

const STOPPED = 500; // milliseconds
const MINUTE = 60_000;
const DAY = 1_440; // minutes
const FOCUS = "relations-moment-focus";

const root = document.querySelector("[data-moment]");
const day = root?.querySelector("[data-moment-day]");

const step = Number(root?.dataset.step);

function startOf(number) {
  return Date.parse(`${root.dataset.start}Z`) + number * step * MINUTE;
}

function words(number, { isChosen = true } = {}) {
  if (isChosen && number === Number(root.dataset.last)) return "Now";
  const format = { day: "numeric", month: "long", timeZone: "UTC" };
  if (step < DAY) {
    Object.assign(format, { hour: "2-digit", minute: "2-digit" });
    return `${new Intl.DateTimeFormat("en-GB", format).format(startOf(number))} UTC`;
  }
  format.year = "numeric";
  const date = new Intl.DateTimeFormat("en-GB", format).format(startOf(number));
  return isChosen ? `End of ${date}` : date;
}

function tell(options) {
  const text = words(day.valueAsNumber, options);
  root.querySelector("[data-moment-told]").textContent = text;
  day.setAttribute("aria-valuetext", text);
}

/* The filters are those of the address, which scripts of the page may have changed. */
function lead(at) {
  const query = new URLSearchParams(location.search);
  query.delete("at");
  query.delete("page");
  query.delete("before");
  if (at) query.set("at", at);
  location.assign(`?${query}`);
}

function go() {
  const number = day.valueAsNumber;
  sessionStorage.setItem(FOCUS, "1");
  // The last minute of a day: how it ended. The end of today is now.
  const at = step < DAY ? startOf(number) : startOf(number + 1) - MINUTE;
  if (number === Number(root.dataset.last)) lead("");
  else lead(new Date(at).toISOString().slice(0, 16));
}

if (root) {
  root.querySelector("[data-back-to-live]")?.addEventListener("click", (event) => {
    event.preventDefault();
    lead("");
  });
}

if (day) {
  root.querySelector("[data-moment-form]").addEventListener("submit", (event) => {
    event.preventDefault();
    lead(root.querySelector("[data-moment-at]").value);
  });
  let timer = 0;
  day.addEventListener("input", () => tell());
  day.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(go, STOPPED);
  });
  // At first it stands on the day of the moment, whatever the hour.
  tell({ isChosen: !root.classList.contains("moment--past") });
  if (sessionStorage.getItem(FOCUS)) {
    sessionStorage.removeItem(FOCUS);
    root.querySelector("details").open = true;
    day.focus({ preventScroll: true });
  }
}
