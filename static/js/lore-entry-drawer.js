/* The form of an entry beside the table that it was opened from. */

import { askConfirmation } from "./dialogs.js";
import { EntryForm } from "./lore-entry.js";
import { enhance } from "./sheet-forms.js";
import { showToast } from "./toasts.js";

export class Drawer {
  #dialog;
  #form = null;
  #on;

  /** on: {saved({entry_id}), closed()}. */
  constructor(dialog, on) {
    this.#dialog = dialog;
    this.#on = on;
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    // dialogs.js closes a drawer by a click outside; first is asked what becomes
    // of what was written.
    dialog.addEventListener("click", (event) => {
      const closer = event.target.closest("[data-entry-close]");
      if (event.target !== dialog && !closer) {
        this.#follow(event);
        return;
      }
      event.preventDefault();
      event.stopPropagation();
      this.close();
    });
  }

  async #follow(event) {
    const link = event.target.closest("[data-entry-link]");
    if (!link) return;
    event.preventDefault();
    if (await this.#mayLeave()) await this.open(link.href);
  }

  async open(url) {
    try {
      const response = await fetch(url, { headers: { "HX-Request": "true" } });
      if (!response.ok || response.redirected) throw new Error(`${url} answered ${response.status}.`);
      this.#show(await response.text());
    } catch (error) {
      console.warn(error);
      const text = "The entry could not be opened; it may have been removed. Load the page again.";
      showToast({ text, kind: "error" });
    }
  }

  #show(html) {
    this.#form?.leave();
    this.#dialog.innerHTML = html;
    enhance(this.#dialog);
    const form = this.#dialog.querySelector("[data-lore-entry]");
    this.#form = new EntryForm(form, { submit: (data, address) => this.#save(data, address) });
    if (!this.#dialog.open) this.#dialog.showModal();
    const first = "[data-problems], #lore-entry-title";
    this.#dialog.querySelector(first).focus();
  }

  async #save(data, address) {
    let response;
    try {
      response = await fetch(address, {
        method: "POST",
        headers: { "HX-Request": "true" },
        body: data,
      });
    } catch (error) {
      console.warn(error);
      this.#form.fail("Not saved: the server was not reached. What you wrote is still here.");
      return;
    }
    const type = response.headers.get("Content-Type") ?? "";
    if (response.redirected || response.status === 403) {
      this.#form.fail("Not saved: you are signed out, or may not edit any more.");
    } else if (response.ok && type.startsWith("application/json")) {
      await this.#saved(await response.json());
    } else if ([412, 422].includes(response.status)) {
      this.#show(await response.text());
    } else {
      this.#form.fail(`Not saved: the server answered ${response.status}. Try again.`);
    }
  }

  async #saved(told) {
    showToast({ text: told.text, kind: "success" });
    if (told.next) await this.open(told.next);
    else this.#shut();
    this.#on.saved(told);
  }

  async #mayLeave() {
    if (!this.#form?.isChanged) return true;
    return askConfirmation({
      title: "Leave without saving?",
      question: "What you wrote in this entry is not saved yet.",
      action: "Leave",
      isDanger: true,
    });
  }

  async close() {
    if (await this.#mayLeave()) this.#shut();
  }

  #shut() {
    this.#form?.leave();
    this.#form = null;
    this.#dialog.close();
    this.#dialog.replaceChildren();
    this.#on.closed();
  }
}
