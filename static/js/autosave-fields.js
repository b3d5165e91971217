/* The fields of the form as what saves them sees them: their names, what they
   would send, and drawing them anew without taking anything from who types. */

import { openAround } from "./editor-fields.js";
import { enhance, enhanceParts } from "./sheet-forms.js";

const PREFIX = "field-";
const NOTE = "data-unsaved-note";
const TYPED = "input:not([type=hidden]), textarea, select";

/* The controls directly below `part`, not those inside another group or list. */
function partsOf(part) {
  return [...part.querySelectorAll("[data-means]")].filter(
    (inner) => inner.parentElement.closest("[data-means]") === part,
  );
}

function partAt(root, place) {
  let at = root.querySelector("[data-sheet-boxes] > [data-means]");
  for (const key of place) at = at && partsOf(at).find((part) => part.dataset.key === key);
  return at;
}

function isSent(control) {
  if (control.matches(":disabled, button")) return false;
  if (control.matches("[type=checkbox], [type=radio]")) return control.checked;
  if (!control.matches("[data-sheet-json-text]")) return true;
  // JSON that does not count need not travel; it can be as long as the boxes.
  return control.closest("[data-sheet-json]").querySelector("[data-sheet-json-mark]")?.checked ?? true;
}

function valuesOf(control) {
  if (control.type === "file") return [...control.files];
  if (control.matches("select")) return [...control.selectedOptions].map((option) => option.value);
  return [control.value];
}

export class Fields {
  #form;

  constructor(form) {
    this.#form = form;
  }

  root(name) {
    return document.getElementById(PREFIX + name);
  }

  /** The field in which `element` stands, or null. */
  nameAt(element) {
    const root = element.closest?.(`[id^='${PREFIX}']`);
    return root && this.#form.contains(root) ? root.id.slice(PREFIX.length) : null;
  }

  sectionOf(name) {
    return this.root(name).closest("[data-editor-section]").dataset.editorSection;
  }

  /** The words by which people know the field. */
  titleOf(name) {
    return this.root(name).querySelector(".field__label").firstChild.textContent.trim();
  }

  /** What the form would send for the field: pairs of names and values. */
  entries(name) {
    return [...this.root(name).querySelectorAll("[name]")]
      .filter(isSent)
      .flatMap((control) => valuesOf(control).map((value) => [control.name, value]));
  }

  /** Whether a file was chosen and not sent yet. */
  holdsFile(name) {
    return [...this.root(name).querySelectorAll("[type=file]")].some((input) => input.files.length);
  }

  /** Bring the field, and what is wrong in it, before the eyes and hands. */
  reach(name) {
    const root = this.root(name);
    const control = openAround(root.querySelector("[aria-invalid=true]:not(fieldset)") ?? root);
    root.scrollIntoView({ block: "start" });
    control.focus({ preventScroll: true });
  }

  /** Make a value of what was typed into a box for several, and not finished. */
  settle() {
    const entry = document.activeElement;
    if (entry?.matches(".chip-input__entry") && this.#form.contains(entry)) {
      entry.dispatchEvent(new Event("blur"));
    }
  }

  /**
   * Draw the field as the server did; false if the focus is where it would go.
   *
   * `places` are the paths of those controls that differ; none: all of it.
   */
  show(name, { html, places = [] }) {
    const old = this.root(name);
    const template = document.createElement("template");
    template.innerHTML = html;
    const fresh = template.content.firstElementChild;
    const isJSON = old.querySelector("[data-sheet-json-mark]")?.checked;
    const pairs = places.map((place) => [partAt(old, place), partAt(fresh, place)]);
    if (isJSON || !pairs.length || pairs.flat().includes(undefined) || pairs.flat().includes(null)) {
      return this.#replaceAll(old, fresh);
    }
    return this.#replaceParts(old, pairs);
  }

  #replaceAll(old, fresh) {
    if (old.contains(document.activeElement)) return false;
    old.replaceWith(fresh);
    enhance(fresh);
    return true;
  }

  #replaceParts(root, pairs) {
    const isFree = pairs.every(([old]) => !old.contains(document.activeElement));
    if (!isFree) return false;
    for (const [old, fresh] of pairs) {
      if (old.matches("details")) fresh.open = old.open;
      old.replaceWith(fresh);
    }
    enhanceParts(root);
    // The JSON beside the boxes follows them; nobody else needs to hear of it.
    root.querySelector("[data-sheet-boxes]").dispatchEvent(new Event("change"));
    return true;
  }

  /** Say beside the field why it is not saved yet. */
  complain(name, messages) {
    this.forgive(name);
    const root = this.root(name);
    const list = document.createElement("ul");
    list.className = "errorlist";
    list.id = `${root.id}-unsaved`;
    list.setAttribute(NOTE, "");
    for (const message of messages) {
      const item = document.createElement("li");
      item.textContent = `Not saved yet: ${message}`;
      list.append(item);
    }
    root.querySelector(".errorlist")?.remove();
    const sheet = root.querySelector("[data-sheet]") ?? root.querySelector(TYPED);
    sheet.before(list);
    root.classList.add("field--invalid");
    const controls = root.querySelectorAll(TYPED);
    if (controls.length === 1) controls[0].setAttribute("aria-invalid", "true");
    this.#describe(controls[0], list.id);
  }

  /** Take back what `complain` said. */
  forgive(name) {
    const root = this.root(name);
    const list = root.querySelector(`[${NOTE}]`);
    if (!list) return;
    list.remove();
    root.classList.remove("field--invalid");
    const controls = root.querySelectorAll(TYPED);
    if (controls.length === 1) controls[0].removeAttribute("aria-invalid");
    this.#describe(controls[0], list.id, { isOver: true });
  }

  #describe(control, id, { isOver = false } = {}) {
    if (!control) return;
    const ids = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((one) => one && one !== id);
    if (!isOver) ids.push(id);
    if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
    else control.removeAttribute("aria-describedby");
  }
}
