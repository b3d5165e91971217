/* The tester of lorebooks: messages one by one, and a page that stays as it was left.

   htmx asks and puts answers in; a new question drops the answer to the one before. */

const form = document.querySelector("[data-lore-test]");

function changed(element) {
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

/* As personas/forms/lore_trying.py writes it: further lines are indented. */
function addMessage() {
  const conversation = form.querySelector("#try-conversation");
  const name = form.querySelector("[data-say-name]");
  const text = form.querySelector("[data-say-text]");
  if (!text.value.trim()) {
    text.focus();
    return;
  }
  const who = name.value.replaceAll(":", " ").trim() || "User";
  const before = conversation.value.replace(/\n+$/, "");
  const line = `${who}: ${text.value.trim()}`;
  conversation.value = before ? `${before}\n${line}` : line;
  conversation.scrollTop = conversation.scrollHeight;
  text.value = "";
  text.focus();
  changed(conversation);
}

function openGroups(root) {
  return [...root.querySelectorAll("details[data-group]")]
    .filter((details) => details.open)
    .map((details) => details.dataset.group);
}

function keepGroups() {
  let open = null;
  form.addEventListener("htmx:oobBeforeSwap", (event) => {
    const target = event.detail.target;
    if (target?.matches("[data-lore-trace]")) {
      const known = target.querySelector("details[data-group]");
      open = known ? openGroups(target) : null;
    }
  });
  form.addEventListener("htmx:oobAfterSwap", (event) => {
    const trace = document.querySelector("[data-lore-trace]");
    if (event.detail.target?.id === "lore-trace" && open) {
      for (const details of trace.querySelectorAll("details[data-group]")) {
        details.open = open.includes(details.dataset.group);
      }
      open = null;
    }
    if (event.detail.target?.id === "lore-edit") {
      showPanel();
    }
  });
}

function showPanel() {
  const panel = document.querySelector("[data-lore-edit]");
  const first = panel.querySelector("textarea");
  if (first) {
    /* What it does stands above, and is to be seen as well. */
    const column = panel.closest(".lore-test__form");
    column.scrollTop = 0;
    if (column.getBoundingClientRect().top < 0) column.scrollIntoView();
    first.focus({ preventScroll: true });
  } else {
    form.querySelector("#try-conversation").focus({ preventScroll: true });
  }
}

if (form) {
  form.addEventListener(
    "click",
    (event) => {
      if (event.target.closest("[data-say]")) {
        event.preventDefault();
        event.stopPropagation();
        addMessage();
      }
    },
    true,
  );
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("[data-say-text]")) {
      event.preventDefault();
      addMessage();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[value="try"]'));
    } else if (event.key === "Enter" && event.target.matches("input")) {
      /* The first button carries no name, so that nothing else is done. */
      event.preventDefault();
      form.requestSubmit(form.querySelector('button[value="try"]'));
    }
  });
  keepGroups();
}
