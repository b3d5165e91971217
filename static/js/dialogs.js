/* Opens and closes <dialog>s, and asks before acts that are marked with
   data-confirm or hx-confirm. Without script the act's own page asks. */

function close(dialog) {
  dialog.close();
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    // A link leads to the same on a page of its own, for those without script.
    event.preventDefault();
    document.getElementById(opener.dataset.dialogOpen).showModal();
    return;
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) {
    event.preventDefault();
    close(closer.closest("dialog"));
    return;
  }
  // A click on the backdrop has the dialog itself as its target.
  if (event.target.matches("dialog[open].dialog--dismissable, dialog[open].dialog--drawer")) {
    close(event.target);
  }
});

function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text) made.textContent = text;
  return made;
}

function confirmationDialog({ title, question, action, isDanger }) {
  const dialog = element("dialog", "dialog");
  dialog.setAttribute("role", "alertdialog");
  dialog.setAttribute("aria-labelledby", "confirm-title");
  dialog.setAttribute("aria-describedby", "confirm-question");

  const header = element("div", "dialog__header");
  const heading = element("h2", "dialog__title", title);
  heading.id = "confirm-title";
  header.append(heading);

  const body = element("div", "dialog__body");
  const words = element("p", "", question);
  words.id = "confirm-question";
  body.append(words);

  const form = element("form", "dialog__footer");
  form.method = "dialog";
  const cancel = element("button", "button", "Cancel");
  cancel.value = "";
  cancel.autofocus = true;
  const variant = isDanger ? " button--danger" : "";
  const accept = element("button", `button button--primary${variant}`, action);
  accept.value = "yes";
  form.append(cancel, accept);

  dialog.append(header, body, form);
  return dialog;
}

/**
 * Ask a question in a dialog; resolves to whether it was accepted.
 *
 * action: the word on the button; isDanger colours it.
 */
export function askConfirmation({
  question,
  title = "Are you sure?",
  action = "Continue",
  isDanger = false,
}) {
  const dialog = confirmationDialog({ title, question, action, isDanger });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
  });
}

function ask(marked) {
  return askConfirmation({
    question: marked.dataset.confirm ?? marked.getAttribute("hx-confirm"),
    title: marked.dataset.confirmTitle,
    action: marked.dataset.confirmAction,
    isDanger: "confirmDanger" in marked.dataset,
  });
}

/* Forms whose question was answered with yes: their next submit passes. */
const accepted = new WeakSet();

document.addEventListener(
  "submit",
  async (event) => {
    const form = event.target;
    const marked = [event.submitter, form].find((e) => e?.matches("[data-confirm]"));
    if (!marked || accepted.delete(form)) return;
    event.preventDefault();
    event.stopPropagation();
    if (!(await ask(marked))) return;
    accepted.add(form);
    form.requestSubmit(event.submitter);
  },
  // Before htmx and others see the submit.
  { capture: true },
);

document.addEventListener("htmx:confirm", async (event) => {
  if (!event.detail.question) return;
  event.preventDefault();
  if (await ask(event.detail.elt)) event.detail.issueRequest(true);
});
