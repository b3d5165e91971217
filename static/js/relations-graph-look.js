/* How the graph looks. Canvas knows no CSS, so colours are read from the tokens, in
   both themes. Sign and strength do not rest on colour: negative lines are dashed and
   say “−”, and strength is width. */

import { signed } from "./relations-rules.js";

const NOTHING = 50; // thousandths
const HUES = [
  ["--accent-soft", "--accent-text"],
  ["--amber-soft", "--amber-text"],
  ["--info-soft", "--info-text"],
  ["--success-soft", "--success-text"],
  ["--danger-soft", "--danger-text"],
  ["--surface-sunken", "--text-muted"],
];

/* The colours of tokens as they are now. */
function tokens(...names) {
  const probe = document.createElement("span");
  document.body.append(probe);
  const found = names.map((name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  });
  probe.remove();
  return found;
}

/** What draws a character's picture, or its initials as one; for the theme in force. */
export function faces() {
  const colours = HUES.map((names) => tokens(...names));
  return (character) => faceOf(character, colours[character.hue % HUES.length]);
}

function faceOf({ picture, initials }, [ground, ink]) {
  if (picture) return picture;
  const text = initials.replace(/[&<>]/g, (sign) => `&#${sign.codePointAt(0)};`);
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="96" height="96">' +
    `<rect width="96" height="96" fill="${ground}"/>` +
    '<text x="48" y="49" text-anchor="middle" dominant-baseline="central"' +
    ` font-family="Georgia, serif" font-weight="600" font-size="38" fill="${ink}">${text}</text></svg>`;
  return `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;
}

function painted(colour) {
  return { "line-color": colour, "target-arrow-color": colour, "source-arrow-color": colour };
}

/** What a line's style is made of, besides its ends. */
export function dataOf({ value, both }) {
  return { value, both, size: Math.abs(value), text: signed(value) };
}

/** Cytoscape's style for the theme in force; of many lines each is thin and pale. */
export function sheet({ isDense }) {
  const [bg, text, muted, line, accent, positive, negative, neutral] = tokens(
    "--surface",
    "--text",
    "--text-muted",
    "--line-strong",
    "--accent",
    "--feel-positive",
    "--feel-negative",
    "--feel-neutral",
  );
  const font = getComputedStyle(document.body).fontFamily;
  return [
    {
      selector: "node",
      style: {
        width: 44,
        height: 44,
        label: "data(name)",
        color: text,
        "font-family": font,
        "font-size": 13,
        "font-weight": 500,
        "text-valign": "bottom",
        "text-margin-y": 5,
        "text-wrap": "ellipsis",
        "text-max-width": "130px",
        "text-background-color": bg,
        "text-background-opacity": 0.8,
        "text-background-padding": 2,
        "text-background-shape": "roundrectangle",
        "background-color": bg,
        "background-image": "data(face)",
        "background-fit": "cover",
        "border-width": 1.5,
        "border-color": line,
        "overlay-opacity": 0,
      },
    },
    {
      selector: "edge",
      style: {
        width: isDense ? "mapData(size, 0, 10000, 0.5, 2.5)" : "mapData(size, 0, 10000, 1.25, 7)",
        opacity: isDense ? 0.5 : 1,
        "line-color": neutral,
        "target-arrow-color": neutral,
        "source-arrow-color": neutral,
        "target-arrow-shape": "triangle",
        "arrow-scale": 0.9,
        "curve-style": "bezier",
        "control-point-step-size": 34,
        color: muted,
        "font-family": font,
        "font-size": 14,
        "font-weight": 700,
        "text-background-color": bg,
        "text-background-opacity": 1,
        "text-background-padding": 2,
        "text-background-shape": "roundrectangle",
        "overlay-opacity": 0,
      },
    },
    { selector: "edge[?both]", style: { "source-arrow-shape": "triangle" } },
    { selector: `edge[value >= ${NOTHING}]`, style: painted(positive) },
    {
      selector: `edge[value <= -${NOTHING}]`,
      style: { ...painted(negative), "line-style": "dashed", "line-dash-pattern": [7, 5], label: isDense ? "" : "−" },
    },
    { selector: "edge.told", style: { label: "data(text)", color: text, opacity: 1, "font-size": 13, "z-index": 20 } },
    { selector: "node.selected", style: { "border-width": 4, "border-color": accent } },
    { selector: ".faded", style: { opacity: 0.16 } },
    { selector: "edge.pulse", style: { "underlay-color": accent, "underlay-opacity": 0.35, "underlay-padding": 7 } },
    { selector: "node.pulse", style: { "border-color": accent, "border-width": 4 } },
  ];
}
