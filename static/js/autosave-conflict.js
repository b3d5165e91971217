/* Both texts of what two people changed, side by side, until one is chosen. */

export class ConflictPanel {
  #place;
  #use;

  /** `use(choices)` gets what was chosen: {pointer: {side, mark}}. */
  constructor(place, { use }) {
    this.#place = document.createElement("div");
    this.#use = use;
    place.append(this.#place);
    this.#place.addEventListener("click", ({ target }) => {
      if (target.closest("[data-clashes-use]")) this.#finish();
      const all = target.closest("[data-clashes-all]");
      if (all) this.#chooseAll(all.dataset.clashesAll);
    });
  }

  get isOpen() {
    return Boolean(this.#place.firstElementChild);
  }

  /** Show the panel; what was chosen stays chosen where the texts are the same. */
  open(html) {
    const before = this.#choices();
    this.#place.innerHTML = html;
    for (const clash of this.#clashes()) {
      const known = before[clash.dataset.clash];
      if (known?.mark !== clash.dataset.mark) continue;
      clash.querySelector(`[data-clash-side][value=${known.side}]`).checked = true;
    }
  }

  close() {
    this.#place.replaceChildren();
  }

  /** Bring it before the eyes and under the hands. */
  reach() {
    const title = this.#place.querySelector("[data-clashes-title]");
    title?.scrollIntoView({ block: "start" });
    title?.focus({ preventScroll: true });
  }

  #clashes() {
    return [...this.#place.querySelectorAll("[data-clash]")];
  }

  #choices() {
    const chosen = this.#clashes().map((clash) => [clash, clash.querySelector("[data-clash-side]:checked")]);
    return Object.fromEntries(
      chosen.filter(([, side]) => side).map(([clash, side]) => [
        clash.dataset.clash,
        { side: side.value, mark: clash.dataset.mark },
      ]),
    );
  }

  #chooseAll(side) {
    for (const clash of this.#clashes()) {
      clash.querySelector(`[data-clash-side][value=${side}]`).checked = true;
    }
  }

  #finish() {
    const choices = this.#choices();
    const open = this.#clashes().find((clash) => !(clash.dataset.clash in choices));
    this.#place.querySelector("[data-clashes-missing]").hidden = !open;
    if (open) open.querySelector("[data-clash-side]").focus();
    else this.#use(choices);
  }
}
