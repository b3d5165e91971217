/* Saves what is typed, section by section, one request at a time.

   Of each field the page knows its base: the value that the server had when its
   controls were drawn or last saved, as the text that the server made of it. A save sends only fields that were changed,
   with the revision that the page has seen; if somebody else saved meanwhile, the
   server merges base, page and draft, and what it answers is drawn. A field whose
   controls could not be drawn, because somebody is typing in them, is not saved
   before they could. Nothing is forgotten before the server has said that it has it. */

import { Refused, SignedOut, Unanswered } from "./autosave-session.js";

const FIRST_RETRY = 1_000; // All times are milliseconds.
const LONGEST_RETRY = 30_000;
const MERGE_AGAIN = 500;
/* What browsers let a page send while it is being left. */
const OUTLIVES = 50_000;

function sizeOf(entries) {
  return entries.reduce((sum, [, value]) => sum + (value.size ?? value.length), 0);
}

export class AutosaveLoop {
  revision;
  savedAt = null;
  /* Why nothing is sent: offline, signed-out, conflict, refused; or null. */
  block = null;
  /* Why, in words. */
  refusal = "";

  #fields;
  #session;
  #urls;
  #on;
  #base;
  #changes = new Map(); // field → how often it was changed
  #dirty = new Set();
  #invalid = new Map(); // field → the change that the server could not take
  #held = new Set();
  #due = new Set(); // sections
  #restores = []; // copies to put back
  #unsure = null; // a save whose answer was lost
  #heard = 0; // the newest revision heard of
  #mustMerge = false;
  #take = null; // what was chosen in a conflict
  #isRunning = false;
  #fails = 0;
  #retry = 0;
  #idle = [];

  /**
   * `on` is told: state(), saved({revision}), drawn(), overlaps(html, places),
   * settled(), complains(name, messages), forgives(name), copies(),
   * signedOut(), skipped(names).
   */
  constructor({ fields, session, urls, base, revision, on }) {
    this.#fields = fields;
    this.#session = session;
    this.#urls = urls;
    this.#base = new Map(Object.entries(base));
    this.#on = on;
    this.revision = revision;
  }

  get unsaved() {
    return [...this.#dirty];
  }

  get invalid() {
    return this.unsaved.filter((name) => this.#invalid.has(name));
  }

  get isBusy() {
    return this.#isRunning;
  }

  /** What to keep of a field until the server has it. */
  copyOf(name) {
    const entries = this.#fields.entries(name);
    return { base: this.#base.get(name), entries: entries.filter(([, value]) => typeof value === "string") };
  }

  /** Whether a copy would lack something that only the page holds. */
  get holdsFiles() {
    return this.unsaved.some((name) => this.#fields.holdsFile(name));
  }

  changed(name) {
    this.#changes.set(name, (this.#changes.get(name) ?? 0) + 1);
    this.#dirty.add(name);
    if (this.block === "refused") this.block = null;
  }

  /** The section may be saved now. */
  ready(section) {
    this.#due.add(section);
    if ([...this.#held].some((name) => this.#fields.sectionOf(name) === section)) this.#mustMerge = true;
    this.run();
  }

  /** Everything may be saved now; resolves when nothing more can be done. */
  async flush() {
    for (const name of this.#dirty) this.#due.add(this.#fields.sectionOf(name));
    if (this.block === "offline" || this.block === "refused") this.block = null;
    this.run();
    if (this.#isRunning) await new Promise((resolve) => { this.#idle.push(resolve); });
  }

  /** Somebody says that the draft is at `revision`. */
  heard(revision) {
    this.#heard = Math.max(this.#heard, revision);
    this.run();
  }

  /** The focus left a field. */
  left(name) {
    if (!this.#held.has(name)) return;
    this.#mustMerge = true;
    this.run();
  }

  /** Put a copy back, as soon as nothing else waits. */
  restore(copy) {
    this.#restores.push(copy);
    this.run();
  }

  /** Whether a copy says anything that the draft does not; null if nobody knows. */
  async isNews(copy) {
    try {
      const answer = await this.#askMerge(this.#copied(copy), { restores: "1" });
      const settled = new Set(answer.saved);
      return Object.keys(copy.fields).some((name) => this.#base.has(name) && !settled.has(name));
    } catch (error) {
      if (error instanceof Refused) return true;
      return null;
    }
  }

  /** Whose text counts: {pointer: {side, mark}}. */
  choose(choices) {
    this.#take = choices;
    this.#mustMerge = true;
    this.resume("conflict");
  }

  /** Go on, if `block` was all that stood against it. */
  resume(block) {
    if (this.block === block) this.block = null;
    this.run();
  }

  async run() {
    if (this.#isRunning || this.block) {
      this.#on.state();
      return;
    }
    this.#isRunning = true;
    clearTimeout(this.#retry);
    for (let step = this.#next(); step; step = this.block ? null : this.#next()) {
      this.#on.state();
      try {
        await step();
        this.#fails = 0;
      } catch (error) {
        this.#fail(error);
      }
      this.#on.copies();
    }
    this.#isRunning = false;
    this.#on.state();
    this.#idle.splice(0).forEach((resolve) => resolve());
  }

  #next() {
    if (this.#unsure) return () => this.#save(this.#unsure);
    if (this.#mustMerge || this.#heard > this.revision) return () => this.#merge();
    for (const section of this.#due) {
      this.#due.delete(section);
      const names = this.#sendable().filter((name) => this.#fields.sectionOf(name) === section);
      if (names.length) return () => this.#save(this.#snapshot(section, names));
    }
    const copy = this.#restores.shift();
    return copy ? () => this.#putBack(copy) : null;
  }

  #sendable() {
    return this.unsaved.filter(
      (name) => !this.#held.has(name) && this.#invalid.get(name) !== this.#changes.get(name),
    );
  }

  #counts(names) {
    return new Map(names.map((name) => [name, this.#changes.get(name) ?? 0]));
  }

  #isAsSent(name, counts) {
    return (this.#changes.get(name) ?? 0) === counts.get(name);
  }

  // -- Saving ---------------------------------------------------------------------

  #snapshot(section, names) {
    const entries = names.flatMap((name) => this.#fields.entries(name));
    return { section, names, entries, counts: this.#counts(names), revision: this.revision };
  }

  async #save(snapshot) {
    const { section, names, entries, counts, revision } = snapshot;
    // Until there is an answer, the server may have it or not.
    this.#unsure = snapshot;
    const mayOutlive = document.hidden && sizeOf(entries) < OUTLIVES;
    const headers = { "If-Match": `"${revision}"` };
    let answer;
    try {
      answer = await this.#session.post(this.#urls.save, [["section", section], ...entries], { headers, mayOutlive });
    } catch (error) {
      if (error instanceof Unanswered) throw error;
      this.#unsure = null;
      if (error.status === 412) this.#stale(error.problem, counts);
      else if (error.status === 422) this.#complain(error, { section, names, counts });
      else {
        this.#due.add(section);
        throw error;
      }
      return;
    }
    this.#unsure = null;
    this.#saved(answer, { names, counts });
  }

  #saved(answer, { names, counts }) {
    for (const name of names) {
      this.#base.set(name, answer.base[name]);
      this.#invalid.delete(name);
      this.#on.forgives(name);
      if (!this.#isAsSent(name, counts)) continue;
      this.#dirty.delete(name);
      const html = answer.fields[name];
      if (html && !this.#fields.show(name, { html })) this.#held.add(name);
    }
    this.#advance(answer);
  }

  #advance({ revision, saved_at: savedAt }) {
    const isNew = revision !== this.revision;
    this.revision = revision;
    this.savedAt = savedAt;
    if (isNew) this.#on.saved({ revision });
  }

  /* Somebody else saved; or this page did, and never heard that it had. */
  #stale(problem, counts) {
    for (const [name, value] of Object.entries(problem.same)) {
      this.#base.set(name, value);
      if (this.#isAsSent(name, counts)) this.#dirty.delete(name);
    }
    for (const name of counts.keys()) this.#due.add(this.#fields.sectionOf(name));
    this.#heard = Math.max(this.#heard, problem.revision);
    this.#mustMerge = true;
  }

  /* What is right is saved without what is wrong. */
  #complain(error, { section, names, counts }) {
    const messages = new Map();
    for (const { pointer, detail } of error.problem.errors ?? []) {
      const name = pointer.slice(1);
      if (names.includes(name)) messages.set(name, [...(messages.get(name) ?? []), detail]);
    }
    if (!messages.size) throw error;
    for (const [name, texts] of messages) {
      this.#invalid.set(name, counts.get(name));
      this.#on.complains(name, texts);
    }
    this.#due.add(section);
  }

  // -- Merging --------------------------------------------------------------------

  #askMerge({ base, entries }, options) {
    const more = Object.entries({ ...options, base: JSON.stringify(base) });
    return this.#session.post(this.#urls.merge, [...entries, ...more]);
  }

  async #merge() {
    const counts = this.#counts([...this.#base.keys()]);
    const page = {
      base: Object.fromEntries(this.#base),
      entries: this.unsaved.flatMap((name) => this.#fields.entries(name)),
    };
    const take = this.#take;
    const answer = await this.#askMerge(page, { take: JSON.stringify(take ?? {}) });
    this.#mustMerge = false;
    this.#take = null;
    this.#held.clear();
    this.#adopt(answer, counts);
    if (take && !answer.overlaps.length) this.#on.settled();
  }

  #adopt(answer, counts) {
    const late = this.#draw(answer, counts);
    for (const [name, value] of Object.entries(answer.base)) {
      if (!late.has(name)) this.#base.set(name, value);
    }
    for (const name of answer.saved) {
      if (late.has(name) || !this.#isAsSent(name, counts)) continue;
      this.#dirty.delete(name);
      this.#invalid.delete(name);
      this.#on.forgives(name);
    }
    for (const name of this.#dirty) this.#due.add(this.#fields.sectionOf(name));
    this.#advance(answer);
    this.#judge(answer);
  }

  /* Draw what differs; those fields that could not be drawn are returned. */
  #draw(answer, counts) {
    const late = new Set();
    let isDrawn = false;
    for (const [name, html] of Object.entries(answer.fields)) {
      const places = answer.places[name];
      if (!this.#isAsSent(name, counts)) {
        // The answer is about a text that is older than what is there by now.
        late.add(name);
        setTimeout(() => this.left(name), MERGE_AGAIN);
      } else if (this.#fields.show(name, { html, places })) {
        isDrawn = true;
      } else {
        late.add(name);
      }
    }
    late.forEach((name) => this.#held.add(name));
    if (isDrawn) this.#on.drawn();
    return late;
  }

  #judge(answer) {
    if (!answer.overlaps.length) return;
    this.block = "conflict";
    this.#on.overlaps(answer.panel, answer.overlaps.length);
  }

  // -- Copies ---------------------------------------------------------------------

  /* Fields that went out of use since are left out. */
  #copied(copy) {
    const fields = Object.entries(copy.fields).filter(([name]) => this.#base.has(name));
    return {
      base: Object.fromEntries(fields.map(([name, { base }]) => [name, base])),
      entries: fields.flatMap(([, { entries }]) => entries),
    };
  }

  async #putBack(copy) {
    const known = Object.entries(copy.fields).filter(([name]) => this.#base.has(name));
    const some = { fields: Object.fromEntries(known.filter(([name]) => !this.#dirty.has(name))) };
    const names = Object.keys(some.fields);
    this.#on.skipped(known.map(([name]) => name).filter((name) => this.#dirty.has(name)));
    const counts = this.#counts(names);
    let answer;
    try {
      answer = await this.#askMerge(this.#copied(some), { restores: "1" });
    } catch (error) {
      this.#restores.unshift(copy);
      throw error;
    }
    if (answer.revision !== this.revision) {
      // The page must show the draft before anything can be put into it.
      this.#heard = Math.max(this.#heard, answer.revision);
      this.#mustMerge = true;
      this.#restores.unshift(copy);
      return;
    }
    const late = this.#draw(answer, counts);
    for (const name of names.filter((one) => !late.has(one) && !answer.saved.includes(one))) {
      if (answer.open.includes(name)) this.#base.set(name, some.fields[name].base);
      this.changed(name);
      this.#due.add(this.#fields.sectionOf(name));
    }
    this.#judge(answer);
    copy.done(late.size === 0);
  }

  // -- Trouble --------------------------------------------------------------------

  #fail(error) {
    if (error instanceof SignedOut) {
      this.block = "signed-out";
      this.#on.signedOut();
    } else if (error instanceof Refused) {
      this.block = "refused";
      this.refusal = error.message;
    } else if (error instanceof Unanswered) {
      this.block = "offline";
      this.refusal = error.message;
      const wait = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.#fails);
      this.#fails += 1;
      this.#retry = setTimeout(() => this.resume("offline"), wait * (0.75 + Math.random() / 2));
    } else {
      // A fault of this page's own: what is typed is kept, and nothing is sent.
      reportError(error);
      this.block = "refused";
      this.refusal = "Reload this page; something in it went wrong.";
    }
  }
}
