/* The words of a message that counted: for everybody, for whoever is chosen from the
   list, or for the row of the scores that is pointed at or has the focus. */

const marks = [...document.querySelectorAll("[data-marks] [data-of]")];
const whose = document.querySelector("[data-marks-of]");

/** Of one candidate, by its number; of all, if it is empty. */
function show(number) {
  for (const mark of marks) {
    const isOf = !number || mark.dataset.of.split(" ").includes(number);
    mark.classList.toggle("is-other", !isOf);
  }
}

const showChosen = () => show(whose?.value ?? "");

whose?.addEventListener("change", showChosen);
for (const row of document.querySelectorAll("[data-marks-row]")) {
  const isMarked = marks.some((mark) => mark.dataset.of.split(" ").includes(row.dataset.marksRow));
  if (!isMarked) continue;
  for (const event of ["pointerenter", "focusin"]) {
    row.addEventListener(event, () => show(row.dataset.marksRow));
  }
  for (const event of ["pointerleave", "focusout"]) row.addEventListener(event, showChosen);
}

for (const link of document.querySelectorAll("[data-if-there]")) {
  link.hidden = !document.getElementById(link.hash.slice(1));
}
