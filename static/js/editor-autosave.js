/* The editor saves by itself: half a second after the last change in a section.
   What is not saved is kept in this browser, and offered when the page opens. */

import { ConflictPanel } from "./autosave-conflict.js";
import { Copies } from "./autosave-copies.js";
import { Fields } from "./autosave-fields.js";
import { AutosaveLoop } from "./autosave-loop.js";
import { Refused, Session } from "./autosave-session.js";
import { showNotice, SignInDialog, State } from "./autosave-state.js";
import { follow, read, resume } from "./live.js";
import { showToast } from "./toasts.js";

const QUIET = 500; // All times are milliseconds.
const COPY_EVERY = 300;
const LOOK_AGAIN = 15_000;

const form = document.getElementById("editor-form");
const options = document.querySelector("[data-editor-saving]");

function start() {
  const { saveUrl, mergeUrl, publishUrl, signInUrl, liveKey } = options.dataset;
  const base = JSON.parse(document.getElementById("editor-base").textContent);
  const notices = document.querySelector("[data-editor-notices]");
  const fields = new Fields(form);
  const session = new Session(form, { url: saveUrl });
  const copies = new Copies(options.dataset.copies);
  const state = new State(document.querySelector("[data-save-state]"));
  const panel = new ConflictPanel(notices, { use: (choices) => loop.choose(choices) });
  const dialog = new SignInDialog({ url: signInUrl, isBack });
  const timers = new Map(); // section → its timer
  let isCopied = true;
  let copyTimer = 0;
  let mineBefore = null; // what a choice of theirs replaces
  let wasOwn = false; // whether they were the same person in another window

  const loop = new AutosaveLoop({
    fields,
    session,
    urls: { save: saveUrl, merge: mergeUrl },
    base,
    revision: Number(form.elements.revision.value),
    on: {
      state: showState,
      copies: keep,
      saved(detail) {
        form.elements.revision.value = detail.revision;
        form.dispatchEvent(new CustomEvent("editor:saved", { bubbles: true, detail }));
      },
      drawn() {
        form.dispatchEvent(new CustomEvent("editor:changed", { bubbles: true }));
      },
      overlaps(html, count) {
        panel.open(html);
        tellConflict(true);
        const text = count === 1 ? "The same text was changed elsewhere." : `${count} of the same texts were changed elsewhere.`;
        showToast({ text, kind: "warning", seconds: 8, action: { text: "Choose", run: reachPanel } });
      },
      settled() {
        panel.close();
        tellConflict(false);
        offerUndo();
      },
      complains: (name, messages) => fields.complain(name, messages),
      forgives: (name) => fields.forgive(name),
      signedOut() {
        dialog.open();
        setTimeout(lookAgain, LOOK_AGAIN);
      },
      skipped(names) {
        if (!names.length) return;
        const titles = names.map((name) => fields.titleOf(name)).join(", ");
        showToast({ text: `Not put back, because it is changed here and not saved: ${titles}.`, kind: "warning" });
      },
    },
  });

  function tellConflict(isOpen) {
    form.dispatchEvent(new CustomEvent("editor:conflict", { bubbles: true, detail: { isOpen } }));
  }

  /* On narrow pages the form is one of several panes. */
  function bringForm() {
    const tab = document.querySelector("[data-dock-tab=write]");
    if (tab?.offsetParent) tab.click();
  }

  function reachPanel() {
    bringForm();
    panel.reach();
  }

  function reach(name) {
    bringForm();
    fields.reach(name);
  }

  // -- What is typed ----------------------------------------------------------------

  function changed({ target }) {
    const name = fields.nameAt(target);
    if (!name) return;
    loop.changed(name);
    const section = fields.sectionOf(name);
    clearTimeout(timers.get(section));
    timers.set(section, setTimeout(() => loop.ready(section), QUIET));
    copyTimer ||= setTimeout(keep, COPY_EVERY);
  }
  form.addEventListener("input", changed);
  form.addEventListener("change", (event) => {
    // A text box tells of each key, and once more of all of them when it is left.
    if (!event.target.matches("textarea, input:not([type=checkbox], [type=radio], [type=file])")) changed(event);
    else if (event.target.matches("[hidden], [type=hidden]")) changed(event);
  });
  form.addEventListener("focusout", ({ target }) => {
    const name = fields.nameAt(target);
    // The focus arrives where it goes only after this event.
    if (name) setTimeout(() => loop.left(name));
  });

  // -- The copy in this browser -----------------------------------------------------

  function keep() {
    clearTimeout(copyTimer);
    copyTimer = 0;
    const names = loop.unsaved;
    if (!names.length) {
      copies.clear();
      isCopied = true;
      return;
    }
    const kept = Object.fromEntries(names.map((name) => [name, loop.copyOf(name)]));
    isCopied = copies.write(kept, { revision: loop.revision }) && !loop.holdsFiles;
  }

  async function offer() {
    for (const copy of await copies.orphans()) {
      if (await loop.isNews(copy) === false) copies.remove(copy.key);
      else offerOne(copy);
    }
  }

  function offerOne(copy) {
    const at = new Date(copy.at);
    const isToday = at.toDateString() === new Date().toDateString();
    const when = isToday ? at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }) : at.toLocaleString();
    const titles = Object.keys(copy.fields).filter((name) => fields.root(name)).map((name) => fields.titleOf(name));
    const notice = showNotice(notices, {
      kind: "info",
      title: `Unsaved text from ${when} was found`,
      text: `This browser kept what was typed into ${titles.join(", ")} and never saved.`,
      actions: [
        {
          text: "Restore",
          isMain: true,
          run() {
            notice.remove();
            putBack(copy, () => copies.remove(copy.key));
          },
        },
        {
          text: "Throw away",
          run() {
            notice.remove();
            copies.remove(copy.key);
          },
        },
      ],
    });
  }

  function putBack(copy, forget) {
    loop.restore({
      ...copy,
      done() {
        // Now the page holds it, and its own copy does before the other one goes.
        keep();
        if (isCopied) forget();
      },
    });
  }

  /* What they wrote was taken; what was replaced can be brought back. */
  function offerUndo() {
    const before = mineBefore;
    mineBefore = null;
    if (!before) return;
    showToast({
      text: wasOwn ? "The text of the other window was taken." : "Their text was taken.",
      kind: "success",
      seconds: 20,
      action: { text: wasOwn ? "Bring this window's back" : "Bring mine back", run: () => putBack(before(), () => {}) },
    });
  }

  notices.addEventListener("click", ({ target }) => {
    if (!target.closest("[data-clashes-use]")) return;
    mineBefore = null;
    wasOwn = Boolean(target.closest("[data-is-you]"));
    const theirs = [...notices.querySelectorAll("[data-clash]")]
      .filter((clash) => clash.querySelector("[data-clash-side][value=theirs]:checked"))
      .map((clash) => clash.dataset.clash.split("/")[1]);
    if (!theirs.length) return;
    const mine = theirs.map((name) => [name, loop.copyOf(name).entries]);
    mineBefore = () => ({
      fields: Object.fromEntries(mine.map(([name, entries]) => [name, { base: loop.copyOf(name).base, entries }])),
    });
  }, { capture: true });

  // -- State ------------------------------------------------------------------------

  function showState() {
    const names = loop.unsaved;
    form.dataset.unsaved = String(names.length);
    document.dispatchEvent(new CustomEvent("saving:state", { detail: { isPaused: loop.block !== null } }));
    if (loop.block === "conflict") {
      state.trouble("Needs your choice", { text: "Show", run: reachPanel });
    } else if (loop.block === "signed-out") {
      state.trouble("Not saved: you are signed out");
    } else if (loop.block === "refused") {
      state.trouble(`Not saved: ${loop.refusal}`, { text: "Try again", run: () => loop.flush() });
    } else if (loop.block === "offline") {
      state.trouble(`Not saved: ${loop.refusal}, trying again`, { text: "Try now", run: () => loop.flush() });
    } else if (loop.isBusy) {
      state.saving();
    } else if (loop.invalid.length) {
      const [name] = loop.invalid;
      const more = loop.invalid.length > 1 ? ` and ${loop.invalid.length - 1} more` : "";
      state.trouble(`Not saved: ${fields.titleOf(name)}${more}`, { text: "Show", run: () => reach(name) });
    } else if (loop.savedAt && !names.length) {
      state.saved(loop.savedAt);
    }
  }

  // -- Sessions and networks --------------------------------------------------------

  async function isBack() {
    try {
      await session.standing();
    } catch (error) {
      if (!(error instanceof Refused)) return false;
    }
    resume();
    loop.resume("signed-out");
    return true;
  }

  async function lookAgain() {
    if (!dialog.isOpen) return;
    await dialog.look();
    setTimeout(lookAgain, LOOK_AGAIN);
  }

  window.addEventListener("online", () => loop.resume("offline"));
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    else loop.resume("offline");
  });
  window.addEventListener("pagehide", leave);
  window.addEventListener("beforeunload", (event) => {
    fields.settle();
    keep();
    if (loop.unsaved.length && !isCopied) event.preventDefault();
  });

  function leave() {
    fields.settle();
    keep();
    if (loop.unsaved.length) loop.flush();
  }

  // -- Others -----------------------------------------------------------------------

  follow("personas", {
    async load() {
      const answer = await read(saveUrl, "application/json");
      const standing = await answer.json();
      return {
        show() {
          loop.savedAt ??= standing.saved_at;
          loop.heard(standing.revision);
        },
      };
    },
    change(ops) {
      for (const op of ops) {
        if (op.key === liveKey) loop.heard(op.revision);
      }
    },
  });

  // -- Buttons ----------------------------------------------------------------------

  form.addEventListener("submit", (event) => {
    const { submitter } = event;
    if (submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    if (submitter?.matches("[data-publish]")) publish();
    else save();
  });

  async function save() {
    fields.settle();
    await loop.flush();
    if (!loop.unsaved.length) showToast({ text: "Saved. Bots do not see it yet.", kind: "success", seconds: 4 });
    else explain();
  }

  async function publish() {
    fields.settle();
    await loop.flush();
    if (loop.unsaved.length) explain();
    else window.location.assign(publishUrl);
  }

  /* Why something is not saved, to whoever asked for it to be. */
  function explain() {
    if (loop.block === "conflict") reachPanel();
    else if (loop.invalid.length) reach(loop.invalid[0]);
    else showToast({ text: "Not all of it is saved yet. Your text is safe in this page.", kind: "warning" });
  }

  // What was typed before this script came.
  const typed = "textarea, input:not([type=hidden], [type=checkbox], [type=radio], [type=file])";
  for (const control of form.elements) {
    if (control.matches(typed) && control.value !== control.defaultValue) changed({ target: control });
  }
  showState();
  offer();
}

if (form && options) start();
