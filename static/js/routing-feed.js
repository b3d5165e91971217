/* Decisions, as they are made. A change only says that there is something new: the
   newest rows are then read again, at most once a second, however much is decided.
   While somebody reads (has scrolled, points at the list, has the focus in it) or
   has paused, they wait behind a button that counts them.

   Keys: j and k go down and up the rows, Enter opens one. */

import { follow, read } from "./live.js";

const GATHER = 200; // milliseconds
const REST = 1_000;
const SAY_EVERY = 15_000;
/* Scrolled by less than that is not reading further down. */
const NEAR = 8;

class Feed {
  #root;
  #list;
  #pause;
  #show;
  #state;
  #said;
  #held = null;
  #timer = 0;
  #readAt = 0;
  #following;
  #unsaid = 0;
  #saying = 0;

  constructor(root) {
    this.#root = root;
    this.#list = root.querySelector("[data-decisions-list]");
    this.#pause = root.querySelector("[data-decisions-pause]");
    this.#show = root.querySelector("[data-decisions-show]");
    this.#state = root.querySelector("[data-decisions-state]");
    this.#said = root.querySelector("[data-decisions-said]");
    this.#pause.addEventListener("click", () => this.#toggle());
    this.#show.addEventListener("click", () => this.#release());
    for (const event of ["pointerenter", "pointerleave", "focusin", "focusout"]) {
      // The focus arrives where it goes only after this event.
      this.#list.addEventListener(event, () => setTimeout(() => this.#settle()));
    }
    document.addEventListener("scroll", () => this.#settle(), { passive: true });
    document.addEventListener("keydown", (event) => this.#move(event));
    this.#following = follow("routing", {
      load: () => this.#load(),
      change: (ops) => {
        if (ops.some((op) => op.kind === "decision")) this.#loadSoon();
      },
      position: Number(root.dataset.seq),
    });
  }

  get #page() {
    return this.#list.firstElementChild;
  }

  get #isPaused() {
    return this.#pause.getAttribute("aria-pressed") === "true";
  }

  get #isRead() {
    return (
      this.#isPaused ||
      this.#list.matches(":hover") ||
      this.#list.contains(document.activeElement) ||
      this.#root.getBoundingClientRect().top < -NEAR
    );
  }

  /* The first change sets the time: a stream that never rests is shown too. */
  #loadSoon() {
    if (this.#timer) return;
    const wait = Math.max(GATHER, this.#readAt + REST - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#following.load();
    }, wait);
  }

  async #load() {
    this.#readAt = Date.now();
    const url = new URL(this.#root.dataset.src, location.href);
    url.searchParams.set("above", this.#page.dataset.newest);
    const response = await read(url, "text/html");
    const seq = Number(response.headers.get("X-Live-Seq"));
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    return { seq, show: () => this.#take(template.content.firstElementChild) };
  }

  #take(fresh) {
    this.#held = fresh;
    if (this.#isRead) this.#tell();
    else this.#put();
  }

  #tell() {
    const newer = this.#held?.dataset.newer ?? "0";
    this.#show.hidden = newer === "0";
    this.#show.textContent = `${newer} new · Show`;
    const waits = this.#isRead && !this.#isPaused;
    this.#state.textContent = waits ? "Paused while you read" : "";
  }

  /* Rows that stay as they were are the same elements still. */
  #put() {
    const fresh = this.#held;
    this.#held = null;
    const old = new Map(rowsOf(this.#page).map((row) => [row.dataset.entry, row]));
    let count = 0;
    for (const row of rowsOf(fresh)) {
      const known = old.get(row.dataset.entry);
      if (!known) count += 1;
      row.classList.toggle("is-new", !known && old.size > 0);
      known?.classList.remove("is-new");
      if (known?.isEqualNode(row)) row.replaceWith(known);
    }
    fresh.removeAttribute("data-newer");
    this.#page.replaceWith(fresh);
    this.#tell();
    this.#say(count);
  }

  /* Shortly and seldom: whoever listens is not to be drowned. */
  #say(count) {
    this.#unsaid += count;
    if (!this.#unsaid || this.#saying) return;
    this.#saying = setTimeout(() => {
      this.#said.textContent = this.#unsaid === 1 ? "One decision." : `${this.#unsaid} decisions.`;
      this.#unsaid = 0;
      this.#saying = 0;
    }, SAY_EVERY);
  }

  #settle() {
    if (this.#held && !this.#isRead) this.#put();
    else this.#tell();
  }

  #release() {
    if (this.#held) this.#put();
    this.#root.scrollIntoView({ block: "nearest" });
    this.#pause.focus();
  }

  #toggle() {
    const isPaused = !this.#isPaused;
    this.#pause.setAttribute("aria-pressed", String(isPaused));
    this.#pause.textContent = isPaused ? "Paused: go on" : "Pause";
    this.#settle();
  }

  #move(event) {
    const step = { j: 1, k: -1 }[event.key];
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (!step || !isPlain || isOff() || event.target.closest(TYPING)) return;
    const links = [...this.#list.querySelectorAll(".decisions__text")];
    const at = links.findIndex((link) => link === document.activeElement);
    const to = at < 0 ? 0 : Math.min(links.length - 1, Math.max(0, at + step));
    links[to]?.focus();
  }
}

const TYPING = "input, textarea, select, [contenteditable], dialog";

/* Single keys can be switched off on every page. */
function isOff() {
  try {
    return localStorage.getItem("shortcuts-off") === "yes";
  } catch {
    return false;
  }
}

function rowsOf(page) {
  return [...page.querySelectorAll("[data-entry]")];
}

const root = document.querySelector("[data-decisions]");
if (root) new Feed(root);
