/* What happened lately, as it happens. New entries come in by themselves while
   nobody reads further down, points at the list, or has the focus in it; else they
   wait behind a button that counts them. Pausing holds them back in any case. */

import { follow, read } from "./live.js";

const GATHER = 300; // milliseconds
const SAY_AFTER = 15_000;

class Feed {
  #root;
  #list;
  #pause;
  #show;
  #said;
  #held = null;
  #timer = 0;
  #following;
  #unsaid = 0;
  #saying = 0;

  constructor(root) {
    this.#root = root;
    this.#list = root.querySelector("[data-feed-list]");
    this.#pause = root.querySelector("[data-feed-pause]");
    this.#show = root.querySelector("[data-feed-show]");
    this.#said = root.querySelector("[data-feed-said]");
    this.#pause.addEventListener("click", () => this.#toggle());
    this.#show.addEventListener("click", () => this.#release());
    for (const event of ["pointerleave", "focusout"]) {
      // The focus arrives where it goes only after this event.
      this.#list.addEventListener(event, () => setTimeout(() => this.#settle()));
    }
    document.addEventListener("scroll", () => this.#settle(), { passive: true });
    this.#following = follow("relationships", {
      load: () => this.#load(),
      change: () => {
        // The first change sets the time: a stream that never rests is shown too.
        this.#timer ||= setTimeout(() => {
          this.#timer = 0;
          this.#following.load();
        }, GATHER);
      },
      position: Number(root.dataset.seq),
    });
  }

  get #isPaused() {
    return this.#pause.getAttribute("aria-pressed") === "true";
  }

  get #isRead() {
    return (
      this.#isPaused ||
      this.#list.matches(":hover") ||
      this.#list.contains(document.activeElement) ||
      this.#root.getBoundingClientRect().top < 0
    );
  }

  async #load() {
    const response = await read(this.#root.dataset.src, "text/html");
    const seq = Number(response.headers.get("X-Live-Seq"));
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    return { seq, show: () => this.#take(template.content.firstElementChild) };
  }

  #take(fresh) {
    if (fresh.isEqualNode(this.#list.firstElementChild)) return;
    this.#held = fresh;
    if (this.#isRead) this.#tell();
    else this.#put();
  }

  /* The ids of entries in the page, and of those in what waits. */
  #newIn(fresh) {
    const known = new Set([...this.#list.querySelectorAll("[data-entry]")].map((e) => e.dataset.entry));
    return [...fresh.querySelectorAll("[data-entry]")].filter((e) => !known.has(e.dataset.entry));
  }

  #tell() {
    const { length } = this.#newIn(this.#held);
    this.#show.textContent = length ? `Show ${length} newer` : "Show changes";
    this.#show.hidden = false;
  }

  #put() {
    const isFirst = !this.#list.querySelector("[data-entry]");
    const fresh = this.#newIn(this.#held);
    if (!isFirst) for (const entry of fresh) entry.classList.add("is-new");
    this.#list.replaceChildren(this.#held);
    window.htmx?.process(this.#list);
    this.#held = null;
    this.#show.hidden = true;
    this.#say(fresh.length);
  }

  /* Shortly and seldom: whoever listens is not to be drowned. */
  #say(count) {
    this.#unsaid += count;
    if (!this.#unsaid || this.#saying) return;
    this.#saying = setTimeout(() => {
      this.#said.textContent = this.#unsaid === 1 ? "One new entry." : `${this.#unsaid} new entries.`;
      this.#unsaid = 0;
      this.#saying = 0;
    }, SAY_AFTER);
  }

  #settle() {
    if (this.#held && !this.#isRead) this.#put();
  }

  #release() {
    this.#put();
    const [first] = this.#list.querySelectorAll("[data-entry] a");
    first?.focus();
  }

  #toggle() {
    const isPaused = !this.#isPaused;
    this.#pause.setAttribute("aria-pressed", String(isPaused));
    this.#pause.textContent = isPaused ? "Paused: go on" : "Pause";
    this.#settle();
  }
}

const root = document.querySelector("[data-feed]");
if (root) new Feed(root);
