/* The text that spreadsheets put on the clipboard: cells between tabs, rows on
   lines; a cell that holds one of those, or quotes, stands in quotes. */

/** Rows of cells; a last empty line does not count. */
export function parse(text) {
  const rows = [[]];
  let at = 0;
  const whole = text.replace(/\r\n?/g, "\n").replace(/\n$/, "");
  for (;;) {
    const [cell, end] = whole[at] === '"' ? quoted(whole, at) : plain(whole, at);
    rows.at(-1).push(cell);
    if (end >= whole.length) return rows;
    if (whole[end] === "\n") rows.push([]);
    at = end + 1;
  }
}

function plain(text, start) {
  let end = start;
  while (end < text.length && text[end] !== "\t" && text[end] !== "\n") end += 1;
  return [text.slice(start, end), end];
}

function quoted(text, start) {
  let cell = "";
  let at = start + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    // Not closed, or followed by more: the quotes are text like any other.
    if (end < 0) return plain(text, start);
    cell += text.slice(at, end);
    if (text[end + 1] === '"') {
      cell += '"';
      at = end + 2;
    } else if (end + 1 === text.length || "\t\n".includes(text[end + 1])) {
      return [cell, end + 1];
    } else {
      return plain(text, start);
    }
  }
}

/** One cell as it goes onto the clipboard. */
export function written(cell) {
  return /["\t\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
