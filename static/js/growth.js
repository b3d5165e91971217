/* The list of tracks. A change names the characters it is about; their tracks alone
   are rendered again, all of them in one request and at most once a second, however
   much is reported. What somebody has ticked, opened or focused stays. */

import { remember } from "./live-region.js";
import { follow, read, SignedOut } from "./live.js";

const GATHER = 250; // milliseconds
const REST = 1_000;
const LATER = 5_000; // after one that failed
const AT_ONCE = 24;

const list = document.querySelector("[data-growth-tracks]");
const more = document.querySelector("[data-growth-more]");
const trackOf = (id) => document.getElementById(`track-${id}`);
const shownIds = () => [...list.children].map((track) => track.dataset.growthTrack);

const stale = new Set();
let timer = 0;
let readAt = 0;

async function fetchTracks(ids) {
  const url = `${list.dataset.growthTracks}?ids=${encodeURIComponent(ids.join(","))}`;
  const response = await read(url, "text/html");
  const template = document.createElement("template");
  template.innerHTML = await response.text();
  return {
    seq: Number(response.headers.get("X-Live-Seq")),
    tracks: [...template.content.querySelectorAll("[data-growth-track]")],
  };
}

function show(tracks) {
  for (const fresh of tracks) {
    const old = trackOf(fresh.dataset.growthTrack);
    if (!old || old.isEqualNode(fresh)) continue;
    if (old.querySelector("select:focus")) {
      stale.add(fresh.dataset.growthTrack);
      continue;
    }
    const ticked = [...old.querySelectorAll("input:checked")].map((box) => box.id);
    const restore = remember(old);
    old.replaceWith(fresh);
    for (const box of fresh.querySelectorAll("input")) box.checked = ticked.includes(box.id);
    restore(fresh);
    window.htmx?.process(fresh);
  }
  showChosen();
}

function refreshSoon() {
  if (timer || !stale.size) return;
  const wait = Math.max(GATHER, readAt + REST - Date.now());
  timer = setTimeout(refresh, wait);
}

async function refresh() {
  readAt = Date.now();
  const ids = [...stale].slice(0, AT_ONCE);
  for (const id of ids) stale.delete(id);
  try {
    show((await fetchTracks(ids)).tracks);
  } catch (error) {
    console.warn(error);
    if (error instanceof SignedOut) return;
    for (const id of ids) stale.add(id);
    readAt += LATER;
  }
  timer = 0;
  refreshSoon();
}

function touch(id, waiting) {
  if (trackOf(id)) stale.add(id);
  else if (waiting && more) more.hidden = false;
}

function start() {
  follow("evolution", {
    async load() {
      const { seq, tracks } = await fetchTracks(shownIds());
      return { seq, show: () => show(tracks) };
    },
    change(ops) {
      for (const op of ops) touch(op.character_id, op.waiting);
      refreshSoon();
    },
    position: Number(list.dataset.liveSeq),
  });
  // A publish may bring stages; only those of published characters are on a track.
  follow("personas", {
    async load() {
      for (const id of shownIds()) stale.add(id);
      return { show: refreshSoon };
    },
    change(ops) {
      for (const op of ops) {
        if (op.kind === "character" && op.what !== "draft") touch(op.character_id, 0);
      }
      refreshSoon();
    },
    position: Number(list.dataset.personasSeq),
  });
  list.addEventListener("focusout", () => setTimeout(refreshSoon));
}

/* -- Many decisions at once -- */

const bulk = document.querySelector("[data-growth-bulk]");
const boxes = () => [...(list?.querySelectorAll("input[name=stages]") ?? [])];

function showChosen() {
  if (!bulk) return;
  const all = bulk.querySelector("[data-growth-all]");
  const chosen = bulk.querySelector("[data-growth-chosen]");
  const found = boxes();
  const count = found.filter((box) => box.checked).length;
  all.checked = count > 0 && count === found.length;
  all.indeterminate = count > 0 && count < found.length;
  chosen.hidden = !count;
  chosen.textContent = `${count} chosen`;
}

bulk?.querySelector("[data-growth-all]").addEventListener("change", (event) => {
  for (const box of boxes()) box.checked = event.target.checked;
  showChosen();
});
list?.addEventListener("change", showChosen);
showChosen();

if (list) start();
