/* What characters feel, kept up to date: one for all parts of the page.

   store.subscribe((what) => …) is told, at most ten times a second, with
     {reason: "all", changed: null}          everything may be different
     {reason: "changes", changed: Set}       keys of directions that somebody changed
     {reason: "fading", changed: Set}        keys whose value another minute changed
     {reason: "filters", changed: null}      other directions are shown
     {reason: "state", changed: null}        store.state: loading, ready, failed

   A key is "source>target". Values fade here by the server's rule, as of the last
   full minute; in the past they stand still. Reading starts with the first
   subscriber. */

import { follow, read } from "./live.js";
import { bandOf, chosen, faded, isCut, keyOf, queryOf } from "./relations-rules.js";

const STREAM = "relationships";
const CAST = "personas"; // the stream of who there is, and what they are called
const CAST_CHANGES = ["archived", "served", "active"];
const CAST_APART = 1_000;
const MINUTE = 60_000; // All times are milliseconds.
const FRAMES_APART = 100;
const RETRY = 5_000;
const NUMBERS = 9; // of a direction in the snapshot

export class Store {
  /* id → {id, name, picture, initials, hue, tags, place, index} */
  characters = new Map();
  /* key → {key, source, target, stored, updatedAt, resting, seq, events,
     tensionStored, tensionAt, value, tension} */
  directions = new Map();
  filters;
  config;
  state = "loading";
  asOf = 0;
  /* How many directions there are; beyond what a browser is given, more than here. */
  total = 0;

  #rates = [];
  #bands = [];
  #hasTension = true;
  #ahead = 0; // of the server's clock before ours
  #listeners = new Set();
  #following = null;
  #pending = new Map(); // key → op
  #timer = 0;
  #castTimer = 0;
  #isCastFollowed = false;
  #shown = null;
  #isStarted = false;

  constructor(config) {
    this.config = config;
    this.filters = { ...config.filters };
  }

  get isPast() {
    return this.filters.at !== "";
  }

  get isCut() {
    return isCut(this.filters);
  }

  /** Be told of what happens; returns what ends it. */
  subscribe(listener) {
    this.#listeners.add(listener);
    if (!this.#isStarted) {
      this.#isStarted = true;
      this.#begin();
    }
    return () => this.#listeners.delete(listener);
  }

  /** The directions that the filters leave, the strongest first. */
  get shown() {
    this.#shown ??= chosen(this.filters, this).sort(
      (one, other) => Math.abs(other.value) - Math.abs(one.value) || (one.key < other.key ? -1 : 1),
    );
    return this.#shown;
  }

  /** Whoever is part of what is shown, by name. */
  get cast() {
    const ids = new Set(this.shown.flatMap(({ source, target }) => [source, target]));
    return [...this.characters.values()].filter(({ id }) => ids.has(id));
  }

  direction(source, target) {
    return this.directions.get(keyOf(source, target));
  }

  nameOf(id) {
    return this.characters.get(id)?.name ?? id;
  }

  bandOf(value) {
    return bandOf(value, this.#bands);
  }

  pairUrl(source, target) {
    const url = this.config.pair.replace("-source-", source).replace("-target-", target);
    return this.isPast ? `${url}?${new URLSearchParams({ at: this.filters.at })}` : url;
  }

  /** Show by other filters; those that are left out stay. */
  setFilters(changes) {
    this.filters = { ...this.filters, ...changes };
    this.#shown = null;
    this.#tell({ reason: "filters", changed: null });
  }

  /** The filters as a part of an address, with changes made first. */
  query(changes = {}) {
    return queryOf({ ...this.filters, ...changes });
  }

  /** Try again at once, after failing. */
  retry() {
    if (this.state === "failed") this.#begin();
  }

  // -- Reading ----------------------------------------------------------------------

  /* The snapshot does not wait for the socket: whatever comes after it is told from
     its number on. */
  async #begin() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#setState("loading");
    try {
      const { seq, castSeq, show } = await this.#load();
      show();
      if (this.isPast) return;
      this.#following = follow(STREAM, {
        load: () => this.#load(),
        change: (ops) => this.#hear(ops),
        position: seq,
      });
      this.#followCast(castSeq);
      this.#awaitMinute();
    } catch (error) {
      console.warn(error);
      this.#setState("failed");
      this.#timer = setTimeout(() => this.#begin(), RETRY);
    }
  }

  async #load() {
    const { snapshot } = this.config;
    const query = this.isPast ? `?${new URLSearchParams({ at: this.filters.at })}` : "";
    const response = await read(snapshot + query, "application/json");
    const data = await response.json();
    return { seq: data.seq, castSeq: data.cast_seq, show: () => this.#take(data) };
  }

  #take(data) {
    this.#rates = data.rates;
    this.#bands = data.bands;
    this.#hasTension = data.tension;
    this.#ahead = data.now - Date.now();
    this.asOf = data.at ?? this.#minute();
    this.total = data.total;
    this.characters = new Map(
      data.characters.map((character, index) => [character.id, { ...character, index }]),
    );
    const { directions: flat, characters, now } = data;
    const before = (ago) => (ago === null ? null : now - ago);
    this.directions = new Map();
    for (let at = 0; at < flat.length; at += NUMBERS) {
      this.#put({
        source: characters[flat[at]].id,
        target: characters[flat[at + 1]].id,
        stored: flat[at + 2],
        updatedAt: before(flat[at + 3]),
        resting: flat[at + 4],
        seq: flat[at + 5],
        events: flat[at + 6],
        tensionStored: this.#hasTension ? flat[at + 7] : 0,
        tensionAt: before(flat[at + 8]),
      });
    }
    this.#pending.clear();
    this.#shown = null;
    this.state = "ready";
    this.#tell({ reason: "all", changed: null });
  }

  #put(direction) {
    const key = keyOf(direction.source, direction.target);
    this.directions.set(key, this.#atMoment({ ...direction, key }));
    return key;
  }

  #atMoment(direction) {
    const { stored, updatedAt, resting, tensionStored, tensionAt } = direction;
    direction.value = faded(stored, updatedAt, resting, this.asOf, this.#rates);
    direction.tension = faded(tensionStored, tensionAt, 0, this.asOf, this.#rates);
    return direction;
  }

  // -- Changes ----------------------------------------------------------------------

  /* Whoever is put away, brought back or called otherwise. */
  #followCast(position) {
    if (this.#isCastFollowed) return;
    this.#isCastFollowed = true;
    follow(CAST, {
      // Something was missed: who knows what.
      load: async () => ({ show: () => this.#readSoon() }),
      change: (ops) => {
        const isOurs = ({ kind, what }) => kind === "character" && CAST_CHANGES.includes(what);
        if (ops.some(isOurs)) this.#readSoon();
      },
      position,
    });
  }

  /* At most once a second: many are published at a time. */
  #readSoon() {
    this.#castTimer ||= setTimeout(() => {
      this.#castTimer = 0;
      this.#following?.load();
    }, CAST_APART);
  }

  #hear(ops) {
    for (const op of ops) {
      if (op.kind === "rules") {
        // How feelings fade and what they are called: everything is different.
        this.#following?.load();
        continue;
      }
      if (op.kind !== "affinity") continue;
      if (!this.characters.has(op.source) || !this.characters.has(op.target)) {
        // Somebody whom nobody knew when the page was read.
        this.#following?.load();
        continue;
      }
      this.#pending.set(keyOf(op.source, op.target), op);
    }
    if (this.#pending.size && !this.#timer) {
      this.#timer = setTimeout(() => this.#flush(), FRAMES_APART);
    }
  }

  #flush() {
    this.#timer = 0;
    const changed = new Set();
    for (const [key, op] of this.#pending) {
      const known = this.directions.get(key);
      // Told again, or older than the snapshot.
      if (known && known.seq >= op.seq) continue;
      if (!known) this.total += 1;
      changed.add(this.#put(stateOf(op, this.#hasTension)));
    }
    this.#pending.clear();
    // The tension of a pair is told with either direction.
    if (changed.size) this.#change("changes", changed);
  }

  #minute() {
    return Math.floor((Date.now() + this.#ahead) / MINUTE) * MINUTE;
  }

  #awaitMinute() {
    const wait = this.#minute() + MINUTE - (Date.now() + this.#ahead);
    setTimeout(() => {
      this.#fade();
      this.#awaitMinute();
    }, wait + 20);
  }

  #fade() {
    this.asOf = this.#minute();
    const changed = new Set();
    for (const direction of this.directions.values()) {
      const { value, tension } = direction;
      this.#atMoment(direction);
      if (direction.value !== value || direction.tension !== tension) changed.add(direction.key);
    }
    this.#change("fading", changed);
  }

  #change(reason, changed) {
    this.#shown = null;
    this.#tell({ reason, changed });
  }

  #setState(state) {
    this.state = state;
    this.#tell({ reason: "state", changed: null });
  }

  #tell(what) {
    for (const listener of this.#listeners) {
      try {
        listener(what);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

function stateOf(op, hasTension) {
  return {
    source: op.source,
    target: op.target,
    stored: op.stored,
    updatedAt: momentOf(op.updated_at),
    resting: op.resting,
    seq: op.seq,
    events: op.events,
    tensionStored: hasTension ? op.tension : 0,
    tensionAt: momentOf(op.tension_at),
    // Only changes tell them; the table shows them.
    traits: { warmth: op.warmth, trust: op.trust, respect: op.respect, rivalry: op.rivalry },
  };
}

function momentOf(text) {
  return text === null ? null : Date.parse(text);
}

const config = document.getElementById("relations-config");

/** The page's one store. */
export const store = config && new Store(JSON.parse(config.textContent));
