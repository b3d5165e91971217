/* Small builders for the page of the API. All text is set as text, never as
   markup. */

/** An element with classes, text, attributes and children; empty ones left out. */
export function element(name, { css, text, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (css) made.className = css;
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children.filter(Boolean));
  return made;
}

export function code(text) {
  return element("code", { text });
}

/** Nodes for text in which `…` or ``…`` marks code. */
export function prose(text) {
  return text.split(/``?/).map((piece, index) => (index % 2 ? code(piece) : piece));
}

/** The same, with blank lines between paragraphs. */
export function paragraphs(text) {
  return text
    .split(/\n{2,}/)
    .filter(Boolean)
    .map((part) => element("p", {}, ...prose(part.replaceAll("\n", " "))));
}

function row({ id, cells }, titles) {
  const [first, ...others] = cells;
  return element(
    "tr",
    id ? { id } : {},
    element("th", { scope: "row", css: "table__main" }, first),
    ...others.map((cell, index) => element("td", { "data-label": titles[index + 1] }, cell)),
  );
}

/** A table of rows {id?, cells}; the first cell of each is its heading. */
export function table(caption, titles, rows) {
  const head = titles.map((title) => element("th", { scope: "col", text: title }));
  const made = element(
    "table",
    { css: "table table--compact" },
    element("caption", { css: "visually-hidden", text: caption }),
    element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...rows.map((one) => row(one, titles))),
  );
  return element("div", { css: "table-scroll" }, made);
}
