/* What is typed and not saved yet, kept in this browser until the server has it.

   A copy belongs to one person, one draft and one open page:

   {at: milliseconds, revision, fields: {name: {base, entries: [[name, text], …]}}}

   `base` is the value that the page began with, as the server wrote it, so that a
   copy can be merged long after. Copies of pages that are still open are left alone. */

const LARGEST = 2_000_000; // Characters; browsers keep some five million for all.
const OLDEST = 30 * 24 * 3600 * 1000; // All times are milliseconds.
const ANSWER_WITHIN = 300;

export class Copies {
  #prefix;
  #page = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2)}`;
  #channel;
  #heard = new Set();

  constructor(prefix) {
    this.#prefix = prefix;
    this.#channel = new BroadcastChannel(prefix);
    this.#channel.addEventListener("message", ({ data }) => {
      if (data.asks) this.#channel.postMessage({ open: this.#page });
      else this.#heard.add(data.open);
    });
  }

  /** Keep `fields` in place of what was kept; false if that cannot be. */
  write(fields, { revision }) {
    const key = this.#prefix + this.#page;
    try {
      const text = JSON.stringify({ at: Date.now(), revision, fields });
      if (text.length > LARGEST) throw new RangeError("The copy is too large.");
      localStorage.setItem(key, text);
      return true;
    } catch {
      // An older copy would be offered later as if it were all.
      this.clear();
      return false;
    }
  }

  /** The server has everything. */
  clear() {
    this.remove(this.#prefix + this.#page);
  }

  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // Storage is off: then nothing was kept either.
    }
  }

  /** Copies that no open page looks after, oldest first: `{key, at, fields}`. */
  async orphans() {
    const found = this.#others();
    if (!found.length) return [];
    this.#channel.postMessage({ asks: true });
    await new Promise((resolve) => {
      setTimeout(resolve, ANSWER_WITHIN);
    });
    return found
      .filter(({ key }) => !this.#heard.has(key.slice(this.#prefix.length)))
      .sort((one, other) => one.at - other.at);
  }

  #others() {
    let keys = [];
    try {
      keys = Object.keys(localStorage);
    } catch {
      return [];
    }
    return keys
      .filter((key) => key.startsWith(this.#prefix) && key !== this.#prefix + this.#page)
      .map((key) => this.#read(key))
      .filter(Boolean);
  }

  #read(key) {
    try {
      const copy = JSON.parse(localStorage.getItem(key));
      if (Date.now() - copy.at < OLDEST) return { key, at: copy.at, fields: copy.fields };
    } catch {
      // Not ours to read.
    }
    this.remove(key);
    return null;
  }
}
