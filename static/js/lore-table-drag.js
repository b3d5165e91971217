/* Dragging rows of a long table by their handles; the table moves along at its
   edges. Alt and the arrows do the same without a mouse. */

const EDGE = 48; // pixels
const SPEED = 12; // pixels of each frame

/** table: {mayDrag(), drop(id, {index, isLower})}; rows: a Rows. */
export function watchDragging(grid, { rows, table }) {
  const frame = grid.closest("[data-frame]");
  const line = document.createElement("div");
  line.className = "lore-table__line";
  line.hidden = true;
  frame.append(line);
  let dragged = null; // {id, y}

  function place() {
    if (!dragged) return;
    const box = frame.getBoundingClientRect();
    const head = grid.tHead.offsetHeight;
    if (dragged.y < box.top + head + EDGE) frame.scrollTop -= SPEED;
    else if (dragged.y > box.bottom - EDGE) frame.scrollTop += SPEED;
    dragged.to = rows.under(dragged.y);
    const { index, isLower } = dragged.to;
    const top = head + (index + (isLower ? 1 : 0)) * rows.height;
    line.style.top = `${top}px`;
    requestAnimationFrame(place);
  }

  function stop() {
    dragged = null;
    line.hidden = true;
    grid.classList.remove("is-dragging");
  }

  grid.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest("[data-handle]");
    if (!handle || event.button !== 0 || !table.mayDrag()) return;
    event.preventDefault();
    // Not on the handle, which leaves the page when its row is scrolled away.
    frame.setPointerCapture(event.pointerId);
    dragged = { id: handle.closest("[data-row]").dataset.row, y: event.clientY };
    line.hidden = false;
    grid.classList.add("is-dragging");
    place();
  });
  frame.addEventListener("pointermove", (event) => {
    if (dragged) dragged.y = event.clientY;
  });
  frame.addEventListener("pointerup", () => {
    if (!dragged) return;
    const { id, y } = dragged;
    const to = rows.under(y);
    stop();
    table.drop(id, to);
  });
  frame.addEventListener("pointercancel", stop);
  document.addEventListener("keydown", (event) => {
    if (dragged && event.key === "Escape") stop();
  });
}
