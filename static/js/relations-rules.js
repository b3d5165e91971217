/* The rules of feelings that pages need, as the server has them
   (relationships/domain, relationships/views/shown.py): plain functions over plain
   values. Feelings are thousandths of a point, times are milliseconds. */

const DAY = 86_400_000;
/* Doubles fall short of a half by less than this. */
const DOUBT = 1e-9;
const STRONGEST = 10_000;
const STEPS = 4;

/** Since when a feeling may have changed last, by the filter's name. */
export const CHANGED = { hour: DAY / 24, day: DAY, week: 7 * DAY, month: 30 * DAY };

/** The nearest whole number; halves go away from zero. */
export function rounded(x) {
  const size = Math.floor(Math.abs(x) + 0.5 + DOUBT);
  return x < 0 && size ? -size : size;
}

/** What is left at `now` of the value stored at `since`. `rates` are pairs: from
    when (null: ever), share lost a day. */
export function faded(stored, since, resting, now, rates) {
  if (since === null || now <= since || stored === resting) return stored;
  let share = 1;
  for (const [index, [start, rate]] of rates.entries()) {
    const from = index ? Math.max(since, start) : since;
    const to = Math.min(now, rates[index + 1]?.[0] ?? now);
    if (to > from) share *= (1 - rate) ** ((to - from) / DAY);
  }
  return rounded(resting + (stored - resting) * share);
}

/** The title of the band that holds a value; `bands` are [title, edge], 0: middle. */
export function bandOf(value, bands) {
  let best = ["", 0];
  for (const band of bands) {
    const edge = band[1];
    const isReached = edge === 0 || (edge > 0 ? value >= edge : value <= edge);
    if (isReached && (!best[0] || Math.abs(edge) > Math.abs(best[1]))) best = band;
  }
  return best[0];
}

/** “+3.2”, “−0.5”, “0”: points with a real minus and so many decimals at most. */
export function signed(value, decimals = 1) {
  const number = (Math.abs(value) / 1000).toFixed(decimals).replace(/\.?0+$/, "");
  if (number === "0") return "0";
  return value < 0 ? `−${number}` : `+${number}`;
}

/** One of nine steps from -4 to 4, for the palette; 0 is next to nothing. */
export function toneOf(value) {
  const size = Math.abs(value);
  if (size < STRONGEST / 20) return 0;
  const step = Math.min(STEPS, Math.ceil((size * STEPS) / STRONGEST));
  return value < 0 ? -step : step;
}

export function keyOf(source, target) {
  return `${source}>${target}`;
}

// -- Filters ------------------------------------------------------------------------

const SIGNS = {
  positive: (value) => value > 0,
  negative: (value) => value < 0,
  opposed: (value, opposite) => value * opposite < 0,
};

/* Whether a direction is shown, but for who is around whom. */
function matcher(filters, { directions, characters, asOf }) {
  const hasSign = SIGNS[filters.sign] ?? (() => true);
  const since = filters.changed ? asOf - CHANGED[filters.changed] : -Infinity;
  const words = filters.q.toLowerCase();
  const found = new Set();
  const tagged = new Set();
  for (const { id, name, tags } of characters.values()) {
    if (`${name}\n${id}`.toLowerCase().includes(words)) found.add(id);
    if (!filters.tag || tags.includes(filters.tag)) tagged.add(id);
  }
  return ({ source, target, value, events, updatedAt }) => {
    const opposite = directions.get(keyOf(target, source))?.value ?? 0;
    return (
      Math.abs(value) >= filters.min &&
      hasSign(value, opposite) &&
      Math.abs(value - opposite) >= filters.apart &&
      events >= filters.events &&
      (updatedAt ?? -1) >= since &&
      tagged.has(source) &&
      tagged.has(target) &&
      (found.has(source) || found.has(target))
    );
  };
}

/** Whoever is within `depth` links of `start`. */
export function around(links, start, depth) {
  const beside = new Map();
  const join = (one, other) => {
    if (!beside.has(one)) beside.set(one, []);
    beside.get(one).push(other);
  };
  for (const { source, target } of links) {
    join(source, target);
    join(target, source);
  }
  const near = new Set([start]);
  let edge = [start];
  for (let step = 0; step < depth; step += 1) {
    edge = edge.flatMap((id) => beside.get(id) ?? []).filter((id) => !near.has(id));
    for (const id of edge) near.add(id);
  }
  return near;
}

/** The directions that the filters leave, of {directions, characters, asOf}. */
export function chosen(filters, known) {
  const left = [...known.directions.values()].filter(matcher(filters, known));
  if (!filters.around) return left;
  const near = around(left, filters.around, filters.depth);
  return left.filter(({ source, target }) => near.has(source) && near.has(target));
}

/* In the order of Filters in relationships/views/filters.py. */
const USUAL = {
  view: "",
  at: "",
  min: 0,
  sign: "",
  apart: 0,
  events: 0,
  changed: "",
  tag: "",
  around: "",
  depth: 1,
  q: "",
};
const IN_POINTS = new Set(["min", "apart"]);

/** The filters as the part of an address after “?”. */
export function queryOf(filters) {
  const query = new URLSearchParams();
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = filters[name];
    if (value === usual || (name === "depth" && !filters.around)) continue;
    query.set(name, IN_POINTS.has(name) ? String(value / 1000) : String(value));
  }
  return query.toString();
}

/** Whether anything is filtered out. */
export function isCut(filters) {
  const others = new Set(["view", "at", "depth"]);
  return Object.entries(USUAL).some(([name, usual]) => !others.has(name) && filters[name] !== usual);
}
