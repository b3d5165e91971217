/* Where characters stand in the graph: kept on the server, the same for everybody.
   Nothing moves by itself; who has no place yet gets one, and with the right to edit
   it is kept. */

import { showToast } from "./toasts.js";
import { amid, circle } from "./relations-graph-parts.js";
import { store } from "./relations-store.js";

const GATHER = 500; // milliseconds
/* More lines would take many seconds to arrange well. */
const MOST_FINE = 200;
/* So many characters need twice the room of a few. */
const CROWD = 60;

async function post(places, onlyNew) {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", document.querySelector("[data-relations-token] input").value);
  body.set("body", JSON.stringify({ places, only_new: onlyNew }));
  const answer = await fetch(store.config.places, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
  });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.detail ?? "The server cannot be reached.");
  return told.places;
}

function pairOf({ x, y }) {
  return [Math.round(x * 10) / 10, Math.round(y * 10) / 10];
}

export class Places {
  #cy;
  #moved = new Map();
  #timer = 0;

  constructor(cy) {
    this.#cy = cy;
    cy.on("dragfree", "node", ({ target }) => this.moved([target]));
  }

  /** Give all nodes that have none a place. */
  settle() {
    const nodes = this.#cy.nodes();
    const news = nodes.filter((node) => !node.data("placed"));
    if (news.empty()) return;
    if (news.length === nodes.length) this.#arrange(nodes);
    else news.forEach((node) => this.#join(node));
    news.data("placed", true);
    this.#keep(news, true);
  }

  #join(node) {
    const settled = node.neighborhood("node").filter((other) => other.data("placed"));
    const { index } = store.characters.get(node.id());
    node.position(amid(settled.map((other) => other.position()), { index }));
  }

  /* Starts from a circle, so that it ends the same every time. */
  #arrange(nodes) {
    const room = 1 + nodes.length / CROWD;
    const start = circle(nodes.map((node) => node.id()).sort());
    nodes.positions((node) => start.get(node.id()));
    this.#cy
      .layout({
        name: "fcose",
        quality: this.#cy.edges().length > MOST_FINE ? "default" : "proof",
        animate: false,
        randomize: false,
        fit: false,
        packComponents: true,
        nodeDimensionsIncludeLabels: true,
        nodeSeparation: 90,
        // Friends stand closer than rivals, who stay apart.
        idealEdgeLength: (edge) => (170 - edge.data("value") / 140) * room,
        nodeRepulsion: () => 9_000,
        numIter: 2_500,
      })
      .run();
  }

  /** Arrange everybody anew; returns what puts them back. */
  tidy() {
    const nodes = this.#cy.nodes();
    const before = new Map(nodes.map((node) => [node.id(), { ...node.position() }]));
    this.#arrange(nodes);
    this.moved(nodes);
    return () => {
      nodes.positions((node) => before.get(node.id()) ?? node.position());
      this.moved(nodes);
    };
  }

  /** Somebody moved these; keep it. */
  moved(nodes) {
    nodes.forEach((node) => this.#moved.set(node.id(), node));
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const found = [...this.#moved.values()].filter((node) => node.inside());
      this.#moved.clear();
      this.#keep(found, false);
    }, GATHER);
  }

  async #keep(nodes, onlyNew) {
    if (!store.config.may_edit || !nodes.length) return;
    const places = Object.fromEntries(nodes.map((node) => [node.id(), pairOf(node.position())]));
    try {
      const kept = await post(places, onlyNew);
      // Another page may have been first.
      for (const [id, [x, y]] of Object.entries(kept)) {
        if (onlyNew) this.#cy.getElementById(id).position({ x, y });
      }
    } catch (error) {
      console.warn(error);
      if (!onlyNew) showToast({ text: `The places are not saved: ${error.message}`, kind: "error" });
    }
  }
}
