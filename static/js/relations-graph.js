/* The graph of feelings, on Cytoscape.js. A change of a value repaints its lines and
   moves nobody; see relations-graph-parts.js for what is drawn. */

import "./relations-filters.js";
import { drawing } from "./relations-graph-parts.js";
import { dataOf, faces, sheet } from "./relations-graph-look.js";
import { Places } from "./relations-graph-places.js";
import { drawChoice, drawSide, select, startSide } from "./relations-graph-side.js";
import { openPair } from "./relations-pair.js";
import { showState, told } from "./relations-states.js";
import { store } from "./relations-store.js";
import { showToast } from "./toasts.js";

const PULSE = 600; // milliseconds
const STEP = 40;
const DENSE = 250; // lines
const PADDING = 48;
/* On a phone names stay readable, and people pan. */
const NARROW = 480;
const LEAST_ZOOM_NARROW = 0.6;
const root = document.querySelector("[data-relations-graph]");
const still = matchMedia("(prefers-reduced-motion: reduce)");
const dark = matchMedia("(prefers-color-scheme: dark)");

let cy = null;
let places = null;
let chosen = null;
let asked = 0;
let isDense = false;
let isMoved = false; // by the reader, who looks at a part
const pulsing = new Set(); // keys of directions

/* Only once there is room to measure. */
function start() {
  cy = window.cytoscape({
    container: root.querySelector("[data-graph-canvas]"),
    style: sheet({ isDense }),
    minZoom: 0.15,
    maxZoom: 2.5,
    autoungrabify: !store.config.may_edit,
    autounselectify: true,
    boxSelectionEnabled: false,
  });
  places = new Places(cy);
  cy.on("tap", ({ target }) => {
    if (target === cy) select(null);
    else if (target.isNode()) select(target.id());
    else openPair(target.data("source"), target.data("target"));
  });
  cy.on("scrollzoom pinchzoom dragpan", () => {
    isMoved = true;
  });
  cy.on("resize", () => {
    if (!isMoved) fit();
  });
  cy.on("mouseover", "edge", ({ target }) => target.addClass("told"));
  cy.on("mouseout", "edge", ({ target }) => {
    if (!isNear(target)) target.removeClass("told");
  });
  cy.on("mouseover", "node, edge", () => root.classList.add("is-pointing"));
  cy.on("mouseout", "node, edge", () => root.classList.remove("is-pointing"));
}

function isNear(edge) {
  return chosen !== null && [edge.data("source"), edge.data("target")].includes(chosen);
}

function nodeOf(id, faceOf) {
  const character = store.characters.get(id);
  const { name, place } = character;
  const [x, y] = place ?? [0, 0];
  return {
    group: "nodes",
    data: { id, name, face: faceOf(character), placed: place !== null },
    position: { x, y },
  };
}

/* What is there stays as it is and where it is. */
function update({ lines, cast }) {
  const isFirst = cy.nodes().empty();
  const faceOf = faces();
  cy.batch(() => {
    cy.remove(cy.elements().filter((each) => !(each.isNode() ? cast : lines).has(each.id())));
    cy.nodes().forEach((node) => {
      const { name } = store.characters.get(node.id());
      if (node.data("name") !== name) node.data("name", name);
    });
    const isNew = (id) => cy.getElementById(id).empty();
    cy.add([...cast].filter(isNew).map((id) => nodeOf(id, faceOf)));
    const edges = [];
    for (const { id, source, target, ...rest } of lines.values()) {
      const edge = cy.getElementById(id);
      if (edge.empty()) edges.push({ group: "edges", data: { id, source, target, ...dataOf(rest) } });
      else if (edge.data("value") !== rest.value) edge.data(dataOf(rest));
    }
    cy.add(edges);
  });
  places.settle();
  if (isFirst) fit();
}

function fit() {
  isMoved = false;
  cy.fit(cy.nodes(), PADDING);
  const least = cy.width() < NARROW ? LEAST_ZOOM_NARROW : 0;
  const level = Math.max(least, Math.min(1.2, cy.zoom()));
  if (level !== cy.zoom()) {
    cy.zoom(level);
    cy.center(cy.nodes());
  }
}

function highlight() {
  const node = chosen === null ? cy.collection() : cy.getElementById(chosen);
  cy.batch(() => {
    cy.elements().removeClass("faded selected");
    cy.edges().removeClass("told");
    if (node.empty()) return;
    const near = node.closedNeighborhood();
    cy.elements().difference(near).addClass("faded");
    near.edges().difference(node.connectedEdges()).addClass("faded");
    node.addClass("selected");
    node.connectedEdges().addClass("told");
  });
}

function pulse() {
  const touched = cy.edges().filter((edge) => {
    const { source, target, both } = edge.data();
    return pulsing.has(`${source}>${target}`) || (both && pulsing.has(`${target}>${source}`));
  });
  pulsing.clear();
  if (still.matches) return;
  touched.addClass("pulse");
  setTimeout(() => touched.removeClass("pulse"), PULSE);
}

function draw() {
  asked = 0;
  if (!showState()) return;
  const found = drawing(store.shown);
  const wasDense = isDense;
  isDense = found.lines.size > DENSE;
  if (cy === null) start();
  else if (isDense !== wasDense) cy.style(sheet({ isDense }));
  update(found);
  if (pulsing.size) pulse();
  highlight();
  const isCut = found.drawn < store.shown.length;
  root.querySelector("[data-relations-told]").textContent = told(isCut && found.drawn);
  drawChoice();
  drawSide();
}

/* A hidden page gets no frames, and draws when it is looked at. */
function drawSoon({ reason, changed }) {
  if (reason === "changes") for (const key of changed) pulsing.add(key);
  asked ||= requestAnimationFrame(draw);
}

function dress() {
  if (cy === null) return;
  cy.style(sheet({ isDense }));
  const faceOf = faces();
  cy.nodes().forEach((node) => node.data("face", faceOf(store.characters.get(node.id()))));
}

function tidy() {
  const undo = places.tidy();
  fit();
  showToast({
    text: "The graph is arranged anew, for everybody.",
    kind: "success",
    action: {
      text: "Undo",
      run() {
        undo();
        fit();
      },
    },
  });
}

function zoom(factor) {
  isMoved = true;
  cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } });
}

const ACTS = { in: () => zoom(1.25), out: () => zoom(0.8), fit, tidy };

for (const button of root.querySelectorAll("[data-graph-act]")) {
  button.addEventListener("click", () => {
    if (cy) ACTS[button.dataset.graphAct]();
  });
}
// The wheel scrolls the page; with Ctrl or ⌘ it zooms.
root.addEventListener(
  "wheel",
  (event) => {
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
  },
  { capture: true },
);
startSide({
  onChoose(id) {
    chosen = id;
    if (cy) highlight();
  },
  onMove(id, x, y) {
    const node = cy.getElementById(id);
    node.shift({ x: x * STEP, y: y * STEP });
    places.moved(node);
  },
});
document.addEventListener("themechange", dress);
dark.addEventListener("change", dress);
store.subscribe(drawSoon);
showState();

/** What is drawn, for tests: lines and where everybody stands. */
export function drawn() {
  if (cy === null) return { lines: {}, places: {} };
  return {
    lines: Object.fromEntries(cy.edges().map((edge) => [edge.id(), edge.data("value")])),
    places: Object.fromEntries(cy.nodes().map((node) => [node.id(), node.position()])),
  };
}
