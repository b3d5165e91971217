/* The form of an entry: keys and text are checked while they are written, and what
   was written is not lost by leaving. In the drawer of the table (where `submit` is
   given) it is sent by script; on its own page as any form. */

const SETTLE = 400; // milliseconds
const CHECKED = /^(keys|secondary_keys|content|use_regex)(__|$)/;

function written(form) {
  const data = new FormData(form);
  data.delete("csrfmiddlewaretoken");
  return new URLSearchParams([...data].map(([name, value]) => [name, String(value)])).toString();
}

export class EntryForm {
  #form;
  #submit;
  #began;
  #timer = 0;
  #checks = 0;
  #isSending = false;
  #stops = new AbortController();

  constructor(form, { submit = null } = {}) {
    this.#form = form;
    this.#submit = submit;
    this.#began = "unsaved" in form.dataset ? null : written(form);
    const { signal } = this.#stops;
    form.addEventListener("input", (event) => this.#onInput(event), { signal });
    form.addEventListener("change", (event) => this.#onInput(event), { signal });
    form.addEventListener("submit", (event) => this.#onSubmit(event), { signal });
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    window.addEventListener(
      "beforeunload",
      (event) => {
        if (this.isChanged && !this.#isSending) event.preventDefault();
      },
      { signal },
    );
    this.#markKeys();
  }

  /** Whether something was written that is not saved. */
  get isChanged() {
    if ("readOnly" in this.#form.dataset) return false;
    return this.#began === null || written(this.#form) !== this.#began;
  }

  /** The form leaves the page. */
  leave() {
    clearTimeout(this.#timer);
    this.#stops.abort();
  }

  /** It was not saved; it can be sent again. */
  fail(text) {
    this.#isSending = false;
    this.#setState(text);
    for (const button of this.#form.querySelectorAll("[type=submit]")) button.disabled = false;
  }

  #setState(text) {
    const state = this.#form.querySelector("[data-entry-state]");
    if (state && state.textContent !== text) state.textContent = text;
  }

  #onInput({ target }) {
    this.#setState(this.isChanged ? "Not saved yet" : "");
    if (!CHECKED.test(target.name)) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#check(), SETTLE);
  }

  async #check() {
    this.#checks += 1;
    const number = this.#checks;
    try {
      const response = await fetch(this.#form.dataset.checkUrl, {
        method: "POST",
        body: new FormData(this.#form),
        signal: this.#stops.signal,
      });
      if (!response.ok || response.redirected) return;
      const html = await response.text();
      // What was written meanwhile is checked by itself.
      if (number !== this.#checks) return;
      this.#form.querySelector("[data-check-place]").innerHTML = html;
      this.#markKeys();
    } catch (error) {
      if (error.name !== "AbortError") console.warn(error);
    }
  }

  /* The chips of keys that can never match. */
  #markKeys() {
    const bad = new Set();
    for (const item of this.#form.querySelectorAll("[data-bad-key]")) {
      bad.add(`${item.dataset.badKey} ${item.dataset.badAt}`);
    }
    for (const field of ["keys", "secondary_keys"]) {
      const chips = this.#form.querySelectorAll(`#field-${field} .chips > .chip`);
      chips.forEach((chip, at) => {
        chip.classList.toggle("chip--amber", bad.has(`${field} ${at}`));
      });
    }
  }

  #onKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const isNext = event.key === "Enter";
    if (!isNext && event.key.toLowerCase() !== "s") return;
    const save = this.#form.querySelector("[data-entry-save]");
    if (!save) return;
    event.preventDefault();
    const next = isNext ? this.#form.querySelector("[name=_next]") : null;
    // What is typed but not finished, as a key without its Enter, counts too.
    document.activeElement?.blur();
    this.#form.requestSubmit(next ?? save);
  }

  #onSubmit(event) {
    if (this.#isSending) {
      event.preventDefault();
      return;
    }
    this.#isSending = true;
    if (!this.#submit) return;
    event.preventDefault();
    const data = new FormData(this.#form, event.submitter);
    this.#setState("Saving…");
    this.#submit(data, this.#form.action);
  }
}

/* On a page of its own. */
const own = document.querySelector(".lore-entry-page [data-lore-entry]");
if (own) new EntryForm(own);
document.querySelector("[data-problems]")?.focus();
