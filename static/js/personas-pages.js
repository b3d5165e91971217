/* Small helps on the pages of characters; each page works without them. */

/* One box that ticks all others of its form, also those that come later. */
for (const form of document.querySelectorAll("[data-select-all]")) {
  const label = form.querySelector("[data-select-all-box]");
  const all = label?.querySelector("input");
  const boxes = () => [...form.querySelectorAll("input[name=ids]")];
  if (!all || !boxes().length) continue;
  const show = () => {
    const found = boxes();
    const ticked = found.filter((box) => box.checked).length;
    all.checked = ticked === found.length;
    all.indeterminate = ticked > 0 && ticked < found.length;
  };
  all.addEventListener("change", () => {
    for (const box of boxes()) box.checked = all.checked;
  });
  form.addEventListener("change", show);
  form.addEventListener("htmx:load", show);
  label.hidden = false;
  show();
}

/* A choice that acts at once; its button is for those without script. */
for (const form of document.querySelectorAll("[data-submit-on-change]")) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
}

const pad = (number) => String(number).padStart(2, "0");

function clock(date) {
  const day = [date.getFullYear(), pad(date.getMonth() + 1), pad(date.getDate())];
  return `${day.join("-")}T${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/* Times are typed and shown as the person's own, and sent as UTC. */
for (const input of document.querySelectorAll("input[data-utc]")) {
  const sent = document.createElement("input");
  sent.type = "hidden";
  sent.name = input.name;
  sent.value = input.value;
  input.removeAttribute("name");
  input.after(sent);
  const given = new Date(`${input.value}Z`);
  if (!Number.isNaN(given.getTime())) input.value = clock(given);
  const label = input.labels[0];
  label.firstChild.textContent = label.firstChild.textContent.replace("UTC", "your time");
  input.addEventListener("change", () => {
    const chosen = new Date(input.value);
    const isTime = !Number.isNaN(chosen.getTime());
    sent.value = isTime ? chosen.toISOString().slice(0, 16) : "";
  });
}

for (const time of document.querySelectorAll("time[data-local-time]")) {
  const at = new Date(time.dateTime);
  time.title = time.textContent;
  time.textContent = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}

/* Fields that only count with one choice are shown with it. */
function follow(form, { choice, value, fields }) {
  const boxes = fields.map((name) => form.querySelector(`#id_${name}`)?.closest(".field"));
  const show = () => {
    const chosen = form.querySelector(`input[name=${choice}]:checked`)?.value;
    for (const box of boxes) {
      if (box) box.hidden = chosen !== value;
    }
  };
  form.addEventListener("change", show);
  show();
}

/* The question before publishing says when it happens, as chosen. */
function confirmByTime(form) {
  const { confirm, confirmLater } = form.dataset;
  if (!confirmLater) return;
  const show = () => {
    const isLater = form.querySelector("input[name=when]:checked")?.value === "later";
    form.dataset.confirm = isLater ? confirmLater : confirm;
  };
  form.addEventListener("change", show);
  show();
}

for (const form of document.querySelectorAll("[data-label-form]")) {
  follow(form, { choice: "label", value: "other", fields: ["own_label"] });
  follow(form, { choice: "when", value: "later", fields: ["move_at", "until"] });
  confirmByTime(form);
}
