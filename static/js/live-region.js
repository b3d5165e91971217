/* Parts of a page that the server renders, and renders again when they change:

   <section id="cast" data-live-stream="personas" data-live-src="/home/cast/">

   data-live-src gives this very element, by the same template as at first. With
   data-live-key, only changes of that key, or of several with spaces between, count; with data-live-kind, only those of that kind. data-live-seq, if given, is the
   stream's number that the element was rendered with: then it is not read again
   when the page opens. The answer may say its own in the header X-Live-Seq.
   data-live-also="evolution.waiting" names a value in the changes of another
   stream: when it is not what it was for the same key, the element is read again.

   The element may have the focus, scroll, and hold open details: they stay. It is
   not replaced under somebody who is typing in it. */

import { follow, read } from "./live.js";

const GATHER = 150; // milliseconds
const TYPING = "input, textarea, select, [contenteditable]";

const regions = new WeakMap(); // element → Region

class Region {
  #element;
  #fresh = null;
  #timer = 0;
  #following;
  #also = null;

  constructor(element) {
    const { liveStream, liveSeq, liveAlso } = element.dataset;
    this.#element = element;
    this.#following = follow(liveStream, {
      load: () => this.#load(),
      change: (ops) => this.#change(ops),
      position: liveSeq === undefined ? null : Number(liveSeq),
    });
    if (liveAlso) this.#also = this.#followAlso(...liveAlso.split("."));
    document.addEventListener("focusout", this);
  }

  /* What the values were when the page came is not known, so that it is read once
     more when changes are told, and for the first change of each key. */
  #followAlso(stream, name) {
    const known = new Map();
    return follow(stream, {
      load: async () => ({ show: () => this.#loadSoon() }),
      change: (ops) => {
        const news = ops.filter((op) => name in op && op[name] !== known.get(op.key));
        for (const op of news) known.set(op.key, op[name]);
        if (news.length) this.#loadSoon();
      },
    });
  }

  handleEvent() {
    // The focus arrives where it goes only after this event.
    if (this.#fresh) setTimeout(() => this.#show());
  }

  #change(ops) {
    const { liveKey, liveKind } = this.#element.dataset;
    const keys = liveKey ? liveKey.split(" ") : null;
    if (this.#isGone() || (keys && !ops.some((op) => keys.includes(op.key)))) return;
    if (liveKind && !ops.some((op) => op.kind === liveKind)) return;
    this.#loadSoon();
  }

  /* The first change sets the time: a stream that never rests is shown too. */
  #loadSoon() {
    this.#timer ||= setTimeout(() => {
      this.#timer = 0;
      this.#following.load();
    }, GATHER);
  }

  async #load() {
    if (this.#isGone()) return { show() {} };
    const response = await read(this.#element.dataset.liveSrc, "text/html");
    const seq = response.headers.get("X-Live-Seq");
    const template = document.createElement("template");
    template.innerHTML = await response.text();
    const fresh = template.content.firstElementChild;
    if (!fresh?.dataset.liveSrc) throw new Error(`${response.url} is no live element.`);
    const show = () => {
      this.#fresh = fresh;
      this.#show();
    };
    return seq === null ? { show } : { seq: Number(seq), show };
  }

  #show() {
    const old = this.#element;
    const fresh = this.#fresh;
    if (!fresh || this.#isGone()) return;
    const focused = document.activeElement;
    if (old.contains(focused) && focused.matches(TYPING)) return;
    this.#fresh = null;
    if (old.isEqualNode(fresh)) return;
    const restore = remember(old);
    old.replaceWith(fresh);
    this.#element = fresh;
    regions.delete(old);
    regions.set(fresh, this);
    restore(fresh);
    window.htmx?.process(fresh);
    fresh.dispatchEvent(new CustomEvent("live:load", { bubbles: true }));
    find(fresh);
  }

  /* Taken from the page by somebody else: nothing is left to do. */
  #isGone() {
    if (this.#element.isConnected) return false;
    document.removeEventListener("focusout", this);
    this.#following.close();
    this.#also?.close();
    return true;
  }
}

/* Where an element stands below root: its id, or the way to it. */
function placeOf(element, root) {
  if (element.id) return { id: element.id };
  const way = [];
  for (let at = element; at !== root; at = at.parentElement) {
    way.unshift([...at.parentElement.children].indexOf(at));
  }
  return { way };
}

function elementAt({ id, way }, root) {
  if (id) return root.id === id ? root : root.querySelector(`#${CSS.escape(id)}`);
  return way.reduce((at, index) => at?.children[index], root);
}

/** What the eyes and hands of the reader are at; returns what puts it back. */
export function remember(old) {
  const inside = [old, ...old.querySelectorAll("*")];
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const focusPlace = focused && placeOf(focused, old);
  const opened = inside.filter((e) => e.matches("details")).map((e) => [placeOf(e, old), e.open]);
  const scrolled = inside
    .filter((e) => e.scrollTop || e.scrollLeft)
    .map((e) => [placeOf(e, old), e.scrollTop, e.scrollLeft]);
  return (fresh) => {
    for (const [place, isOpen] of opened) {
      const details = elementAt(place, fresh);
      if (details?.matches("details")) details.open = isOpen;
    }
    for (const [place, top, left] of scrolled) elementAt(place, fresh)?.scrollTo(left, top);
    if (focusPlace) elementAt(focusPlace, fresh)?.focus({ preventScroll: true });
  };
}

/** Make all live elements of root (and root) live; those that are stay as they are. */
export function find(root) {
  const selector = "[data-live-stream][data-live-src]";
  const found = [...root.querySelectorAll(selector)];
  if (root.matches?.(selector)) found.unshift(root);
  for (const element of found) {
    if (!regions.has(element)) regions.set(element, new Region(element));
  }
}

find(document);
document.addEventListener("htmx:load", ({ target }) => find(target));
