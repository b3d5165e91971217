/* In which order the matrix names characters: plain functions over ids and
   value(source, target), thousandths or 0. */

export const MOST_COMPARED = 400;

/** Whoever feels and is felt for most comes first; `ids` come by name. */
export function byStrength(ids, value) {
  const strength = new Map(
    ids.map((id) => [
      id,
      ids.reduce((sum, other) => sum + Math.abs(value(id, other)) + Math.abs(value(other, id)), 0),
    ]),
  );
  return [...ids].sort((one, other) => strength.get(other) - strength.get(one));
}

/* How far apart two are: by what they feel for everybody, and everybody for them. */
function distances(ids, value) {
  const rows = ids.map((id) => ids.flatMap((other) => [value(id, other), value(other, id)]));
  const table = ids.map(() => new Float64Array(ids.length));
  for (let one = 0; one < ids.length; one += 1) {
    for (let other = one + 1; other < ids.length; other += 1) {
      let sum = 0;
      for (let at = 0; at < rows[one].length; at += 1) sum += (rows[one][at] - rows[other][at]) ** 2;
      table[one][other] = Math.sqrt(sum);
      table[other][one] = table[one][other];
    }
  }
  return table;
}

/* Two orders as one, turned so that the ends that meet are close. */
function joined(left, right, table) {
  const ways = [left, [...left].reverse()].flatMap((one) => [[one, right], [one, [...right].reverse()]]);
  const gap = ([one, other]) => table[one.at(-1)][other[0]];
  const [one, other] = ways.reduce((best, way) => (gap(way) < gap(best) ? way : best));
  return [...one, ...other];
}

/** Those who feel alike stand together: average linkage, by chains of nearest
    neighbours. */
export function bySimilarity(ids, value) {
  const leaves = distances(ids, value);
  const table = leaves.map((row) => Float64Array.from(row));
  const orders = new Map(ids.map((_, index) => [index, [index]]));
  let chain = [];
  while (orders.size > 1) {
    if (!chain.length) chain = [orders.keys().next().value];
    const last = chain.at(-1);
    let near = chain.at(-2) ?? -1; // Of equals the one before, or it would not end.
    for (const other of orders.keys()) {
      if (other !== last && (near < 0 || table[last][other] < table[last][near])) near = other;
    }
    if (near !== chain.at(-2)) {
      chain.push(near);
      continue;
    }
    chain.length -= 2;
    const [one, other] = last < near ? [last, near] : [near, last];
    const [left, right] = [orders.get(one), orders.get(other)];
    for (const third of orders.keys()) {
      const sum = table[one][third] * left.length + table[other][third] * right.length;
      table[one][third] = sum / (left.length + right.length);
      table[third][one] = table[one][third];
    }
    orders.set(one, joined(left, right, leaves));
    orders.delete(other);
  }
  const [order] = orders.values();
  return (order ?? []).map((index) => ids[index]);
}
