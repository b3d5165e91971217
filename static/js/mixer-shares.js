/* Shares in percent that always sum to 100. */

const WHOLE = 100;

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/* `numbers` scaled to sum to `total`; all equal if they are all zero. */
export function scaled(numbers, total = WHOLE) {
  const before = sum(numbers);
  if (before > 0) return numbers.map((number) => (number * total) / before);
  return numbers.map(() => total / numbers.length);
}

/* One of them set to `to`; the others keep their proportion in what is left.
   `proportions` counts where the others have none, being all zero. */
export function moved(numbers, index, to, proportions) {
  if (numbers.length === 1) return [WHOLE];
  const value = Math.min(Math.max(to, 0), WHOLE);
  const isOther = (_, at) => at !== index;
  const others = numbers.filter(isOther);
  const given = sum(others) > 0 ? others : proportions.filter(isOther);
  const rest = scaled(given, WHOLE - value);
  rest.splice(index, 0, value);
  return rest;
}

/* The same in tenths of a percent, still summing to 100: the largest rests are
   rounded up. The one at `kept` is rounded by itself. */
export function tenths(numbers, kept = -1) {
  const exact = numbers.map((number) => number * 10);
  const whole = exact.map((number, at) =>
    at === kept ? Math.round(number) : Math.floor(number + 1e-9),
  );
  const order = exact
    .map((number, at) => ({ at, rest: number - whole[at] }))
    .filter(({ at }) => at !== kept)
    .sort((one, other) => other.rest - one.rest || one.at - other.at);
  let missing = WHOLE * 10 - sum(whole);
  for (const { at } of order) {
    if (missing === 0) break;
    const step = Math.sign(missing);
    if (whole[at] + step < 0) continue;
    whole[at] += step;
    missing -= step;
  }
  return whole.map((number) => String(number / 10));
}
