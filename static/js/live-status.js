/* The chip that says whether a page is live: any element with data-live-status.

   Seconds count before the eyes only; a screen reader hears of a change once.
   While a page cannot save, it tells so by the event "saving:state" on the document,
   with {isPaused}: then nothing on the page says "Live". */

const WORDS = {
  live: "Live",
  reading: "Reading again…",
  "signed-out": "Signed out",
  "right-lost": "No longer allowed",
};
/* What is said, if anything, on coming from another state. */
const SAID = {
  live: "Live updates are back.",
  paused: "Live updates are paused.",
  "signed-out": "You are signed out. Live updates have ended.",
  "right-lost": "You may not follow this page any more. Live updates have ended.",
};
/* The looks that the chip has. */
const LOOKS = {
  live: "live",
  reading: "behind",
  paused: "offline",
  "signed-out": "offline",
  "right-lost": "offline",
};

export class LiveStatus {
  #elements;
  #state = "";
  #text = "";
  #wasPaused = false;
  #isSaving = true;

  constructor(elements) {
    document.addEventListener("saving:state", ({ detail }) => {
      this.#isSaving = !detail.isPaused;
      if (this.#state === "live") this.#draw("live", WORDS.live);
    });
    this.#elements = [...elements].map((root) => {
      const shown = document.createElement("span");
      shown.setAttribute("aria-hidden", "true");
      const said = document.createElement("span");
      said.className = "visually-hidden";
      said.setAttribute("role", "status");
      root.replaceChildren(shown, said);
      return { root, shown, said };
    });
  }

  /** state: live, reading, paused (with seconds), signed-out, right-lost. */
  show(state, seconds = 0) {
    this.#draw(state, WORDS[state] ?? `Live paused, ${seconds} s`);
    if (state !== this.#state) this.#enter(state);
  }

  #draw(state, words) {
    // The page itself says why nothing is saved, and says it aloud.
    const isStuck = state === "live" && !this.#isSaving;
    const text = isStuck ? "Saving paused" : words;
    if (text === this.#text) return;
    this.#text = text;
    for (const { root, shown } of this.#elements) {
      root.hidden = false;
      root.dataset.state = isStuck ? "offline" : LOOKS[state];
      shown.textContent = text;
    }
  }

  #enter(state) {
    this.#state = state;
    // Being live is news only to who has heard of a pause.
    const isNews = state in SAID && (state !== "live" || this.#wasPaused);
    if (state in SAID) this.#wasPaused = state !== "live";
    for (const element of this.#elements) {
      if (isNews) element.said.textContent = SAID[state];
      if (state === "signed-out") this.#link(element, "Sign in");
      if (state === "right-lost") this.#link(element, "Reload");
    }
  }

  /* This very page: the server asks for what is missing, and comes back here. */
  #link({ root }, text) {
    const link = document.createElement("a");
    link.href = location.href;
    link.textContent = text;
    root.append(link);
  }
}
