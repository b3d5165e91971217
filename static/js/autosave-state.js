/* How the draft stands, in the head of the page, and notices above the form. */

/* Shorter waits are not worth a word, least of all to a screen reader. */
const SLOW = 600; // milliseconds

function clock(moment) {
  return new Date(moment).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function button(text, run, className = "button button--small") {
  const made = document.createElement("button");
  made.type = "button";
  made.className = className;
  made.textContent = text;
  made.addEventListener("click", run);
  return made;
}

export class State {
  #root;
  #text = "";
  #timer = 0;

  constructor(root) {
    this.#root = root;
  }

  saved(moment) {
    this.#show("saved", `Saved ${clock(moment)}`);
  }

  saving() {
    if (this.#timer || this.#root.dataset.state === "saving") return;
    this.#timer = setTimeout(() => this.#show("saving", "Saving …"), SLOW);
  }

  /** Not saved, and why; `act` is {text, run} of what can be done about it. */
  trouble(text, act) {
    this.#show("trouble", text, act);
  }

  #show(state, text, act) {
    clearTimeout(this.#timer);
    this.#timer = 0;
    if (text === this.#text) return;
    this.#text = text;
    this.#root.dataset.state = state;
    const words = document.createElement("span");
    words.textContent = text;
    this.#root.replaceChildren(words);
    if (act) this.#root.append(" ", button(act.text, act.run));
  }
}

/** A notice with buttons, above the form; returns its element. */
export function showNotice(place, { kind, title, text, actions }) {
  const notice = document.createElement("section");
  notice.className = `notice notice--${kind}`;
  notice.setAttribute("role", "alert");
  const body = document.createElement("div");
  body.className = "notice__body";
  const heading = document.createElement("p");
  heading.className = "notice__title";
  heading.textContent = title;
  const words = document.createElement("p");
  words.textContent = text;
  const row = document.createElement("p");
  row.className = "button-row";
  row.append(...actions.map(({ text: label, run, isMain }) => (
    button(label, run, isMain ? "button button--primary button--small" : "button button--small")
  )));
  body.append(heading, words, row);
  notice.append(body);
  place.append(notice);
  return notice;
}

/**
 * Ask to sign in again, over the form but without taking the focus: whoever
 * types goes on typing. `isBack` tells whether that was done.
 */
export class SignInDialog {
  #dialog;
  #isBack;

  constructor({ url, isBack }) {
    this.#isBack = isBack;
    this.#dialog = document.createElement("dialog");
    this.#dialog.className = "dialog sign-in-again";
    this.#dialog.setAttribute("aria-labelledby", "sign-in-again-title");
    const header = document.createElement("div");
    header.className = "dialog__header";
    const title = document.createElement("h2");
    title.className = "dialog__title";
    title.id = "sign-in-again-title";
    title.textContent = "You are signed out";
    header.append(title);
    const words = document.createElement("p");
    words.className = "dialog__body";
    words.setAttribute("role", "alert");
    words.textContent = "Your text is safe, and you can go on writing. Sign in again in a new tab, then come back to this one.";
    const footer = document.createElement("div");
    footer.className = "dialog__footer";
    const link = document.createElement("a");
    link.className = "button button--primary";
    link.href = url;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = "Sign in again";
    footer.append(button("I am back", () => this.look(), "button"), link);
    this.#dialog.append(header, words, footer);
    document.body.append(this.#dialog);
    window.addEventListener("focus", () => this.look());
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.look();
    });
  }

  get isOpen() {
    return this.#dialog.hasAttribute("open");
  }

  /* Neither show() nor showModal(): both take the focus. */
  open() {
    this.#dialog.setAttribute("open", "");
  }

  async look() {
    if (this.isOpen && (await this.#isBack())) this.#dialog.removeAttribute("open");
  }
}
