/* Names for controls of Django's admin that come without one: cells that are
   edited within a list, dates with their time, and pickers that select2 draws
   over a <select>. */

function nameCells() {
  const headers = [...document.querySelectorAll("#result_list thead th")];
  const controls = "td :is(input:not([type='hidden'], .action-select), select, textarea)";
  for (const control of document.querySelectorAll(`#result_list ${controls}`)) {
    const header = headers[control.closest("td").cellIndex];
    control.setAttribute("aria-label", header.querySelector(".text").textContent.trim());
  }
}

function namePickers(root) {
  for (const select of root.querySelectorAll("select.select2-hidden-accessible")) {
    const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
    const box = select.nextElementSibling?.querySelector(".select2-selection");
    if (!label || !box) continue;
    label.id ||= `${select.id}_label`;
    const chosen = box.querySelector(".select2-selection__rendered");
    box.setAttribute("aria-labelledby", `${label.id} ${chosen.id}`.trim());
    chosen.setAttribute("aria-labelledby", label.id);
  }
}

/* A date and its time share one visible label. */
function nameDates(root) {
  for (const input of root.querySelectorAll("p.datetime input")) {
    const label = input.closest(".form-row, td")?.querySelector("label");
    const part = input.matches(".vTimeField") ? "time" : "date";
    input.setAttribute("aria-label", `${label?.firstChild.textContent.trim() ?? ""} ${part}`);
  }
}

nameCells();
nameDates(document);
// jQuery draws the pickers in a timeout after the document is ready, which may
// fall after "load"; a timeout of our own then comes after it.
window.addEventListener("load", () => setTimeout(() => namePickers(document)));
document.addEventListener("formset:added", (event) => {
  namePickers(event.target);
  nameDates(event.target);
});
