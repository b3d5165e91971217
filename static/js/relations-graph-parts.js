/* Which lines the graph draws for which directions: plain functions. */

export const MOST_CHARACTERS = 150;
export const MOST_LINES = 1_500;
/* Closer than this, both directions are one line; thousandths. */
const ALIKE = 2_000;

function isAlike(forth, back) {
  const isOpposed = Math.sign(forth.value) * Math.sign(back.value) < 0;
  return !isOpposed && Math.abs(forth.value - back.value) < ALIKE;
}

function line(id, source, target, value, both) {
  return { id, source, target, value, both };
}

/** The lines between two: one for both directions, or one each. `forth` or `back`
    may be missing. */
export function linesOf(forth, back) {
  if (forth && back && isAlike(forth, back)) {
    const [one, other] = forth.source < back.source ? [forth, back] : [back, forth];
    const mean = (one.value + other.value) / 2;
    return [line(`${one.source}=${one.target}`, one.source, one.target, mean, true)];
  }
  return [forth, back]
    .filter(Boolean)
    .map(({ key, source, target, value }) => line(key, source, target, value, false));
}

/** Lines for directions, the strongest first, of so many characters at most:
    {lines: Map id → line, cast: Set of ids, directions: how many are in it}. */
export function drawing(directions, { characters = MOST_CHARACTERS, lines: most = MOST_LINES } = {}) {
  const byKey = new Map(directions.map((direction) => [direction.key, direction]));
  const lines = new Map();
  const cast = new Set();
  const seen = new Set();
  let drawn = 0;
  for (const direction of directions) {
    const { source, target, key } = direction;
    if (seen.has(key)) continue;
    const newcomers = [source, target].filter((id) => !cast.has(id));
    if (cast.size + newcomers.length > characters) continue;
    const back = byKey.get(`${target}>${source}`);
    const found = linesOf(direction, back);
    if (lines.size + found.length > most) break;
    for (const id of newcomers) cast.add(id);
    for (const one of found) lines.set(one.id, one);
    seen.add(key);
    if (back) seen.add(back.key);
    drawn += back ? 2 : 1;
  }
  return { lines, cast, drawn };
}

/** Where a newcomer stands: amid those it has to do with, a little aside. */
export function amid(neighbours, { index }) {
  const turn = index * 2.4; // Radians; newcomers of one pair must not meet.
  const aside = { x: 60 * Math.cos(turn), y: 60 * Math.sin(turn) };
  if (!neighbours.length) return aside;
  const mean = (axis) => neighbours.reduce((sum, at) => sum + at[axis], 0) / neighbours.length;
  return { x: mean("x") + aside.x, y: mean("y") + aside.y };
}

/** On a circle, by their order: where arranging starts from, the same every time. */
export function circle(ids) {
  const radius = 40 * Math.max(3, ids.length);
  return new Map(
    ids.map((id, index) => {
      const turn = (2 * Math.PI * index) / ids.length;
      return [id, { x: radius * Math.cos(turn), y: radius * Math.sin(turn) }];
    }),
  );
}
