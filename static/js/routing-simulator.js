/* The simulator: Ctrl+Enter asks at once, and a row of the scores shows its own words.

   htmx asks and puts answers in, so that nothing here may hold on to a part of them. */

const form = document.querySelector("[data-simulator]");

/** Only the words of one candidate, by its number; of all, if it is empty. */
function show(number) {
  for (const mark of document.querySelectorAll("#simulator-answer [data-marks] [data-of]")) {
    const isOf = !number || mark.dataset.of.split(" ").includes(number);
    mark.classList.toggle("is-other", !isOf);
  }
}

function rowOf(event) {
  const row = event.target.closest?.("#simulator-answer [data-marks-row]");
  if (!row) return "";
  const number = row.dataset.marksRow;
  const marks = [...document.querySelectorAll("#simulator-answer [data-marks] [data-of]")];
  return marks.some((mark) => mark.dataset.of.split(" ").includes(number)) ? number : "";
}

for (const event of ["pointerover", "focusin"]) {
  document.addEventListener(event, (happened) => show(rowOf(happened)));
}

form?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    form.requestSubmit();
  }
});
