/* The grid of channels: arrow keys go from sign to sign. Without this script each
   sign is still a button in the order of the page. */

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function signs(grid) {
  const lines = [...grid.querySelectorAll("tr")];
  return lines
    .map((line) => [...line.querySelectorAll("button[name=cell]")])
    .filter((line) => line.length > 0);
}

function move(event) {
  const step = STEPS[event.key];
  const here = event.target;
  if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
  if (!(here instanceof HTMLElement) || !here.matches("button[name=cell]")) return;
  const lines = signs(here.closest("[data-channels-grid]"));
  const row = lines.findIndex((line) => line.includes(here));
  const next = lines[row + step[0]]?.[lines[row].indexOf(here) + step[1]];
  event.preventDefault();
  if (!next) return;
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("keydown", move);
