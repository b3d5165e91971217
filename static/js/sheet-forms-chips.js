/* Terms as chips. The textarea, one term per line, stays the truth: it is what
   the form sends, and what every change here is written to. */

const BREAKS = /[\n,;\t]+/;
/* Where terms may be patterns, /like, this/: only these end a term for sure. */
const LINE_BREAKS = /[\n\t]+/;

function termsOf(lines) {
  return lines.value.split("\n").map((line) => line.trim()).filter(Boolean);
}

function counted(number) {
  return number === 1 ? "1 item" : `${number} items`;
}

class Chips {
  constructor(root) {
    this.root = root;
    this.lines = root.querySelector("[data-terms-lines]");
    this.most = Number(root.dataset.maxItems);
    this.hasPatterns = "patterns" in this.lines.dataset;
    this.terms = termsOf(this.lines);
    this.build();
    this.draw();
    this.listen();
  }

  build() {
    this.list = document.createElement("ul");
    this.list.className = "chips";
    this.list.setAttribute("role", "list");
    this.entry = document.createElement("input");
    this.entry.className = "chip-input__entry";
    this.entry.autocomplete = "off";
    this.entry.disabled = this.lines.matches(":disabled");
    this.entry.placeholder = "Add …";
    if (this.root.dataset.maxLength) this.entry.maxLength = Number(this.root.dataset.maxLength);
    // The label now names the box to type into.
    this.entry.id = this.lines.id;
    this.lines.id += ".-lines";
    this.count = document.createElement("p");
    this.count.className = "field__help sheet-terms__count";
    this.count.id = `${this.entry.id}.-count`;
    this.status = document.createElement("p");
    this.status.className = "visually-hidden";
    this.status.setAttribute("role", "status");
    for (const name of ["aria-invalid", "aria-describedby"]) {
      const value = this.lines.getAttribute(name);
      if (value) this.entry.setAttribute(name, value);
    }
    const described = this.entry.getAttribute("aria-describedby");
    this.entry.setAttribute("aria-describedby", [described, this.count.id].filter(Boolean).join(" "));
    this.frame = document.createElement("div");
    this.frame.className = "chip-input";
    this.frame.append(this.list, this.entry);
    this.lines.hidden = true;
    this.lines.after(this.frame, this.count, this.status);
  }

  draw() {
    this.list.replaceChildren(...this.terms.map((term, at) => this.chip(term, at)));
    this.list.hidden = !this.terms.length;
    const full = this.terms.length >= this.most ? ` Keep at most ${this.most}.` : "";
    this.count.textContent = this.terms.length
      ? `${counted(this.terms.length)}.${full}`
      : "Press Enter or a comma after each.";
  }

  chip(term, at) {
    const chip = document.createElement("li");
    chip.className = "chip";
    const text = document.createElement("span");
    text.textContent = term;
    chip.append(text);
    if (!this.entry.disabled) {
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "chip__remove";
      remove.setAttribute("aria-label", `Remove ${term}`);
      remove.dataset.at = at;
      remove.textContent = "×";
      chip.append(remove);
    }
    return chip;
  }

  write(words) {
    this.lines.value = this.terms.join("\n");
    this.draw();
    this.status.textContent = `${words} ${counted(this.terms.length)}.`;
    this.lines.dispatchEvent(new Event("change", { bubbles: true }));
  }

  add(texts) {
    const fresh = [...new Set(texts.map((text) => text.trim()).filter(Boolean))];
    const known = fresh.filter((term) => this.terms.includes(term));
    const added = fresh.filter((term) => !this.terms.includes(term));
    if (added.length) {
      this.terms.push(...added);
      this.write(`Added ${added.join(", ")}.`);
    } else if (known.length) {
      this.status.textContent = `${known[0]} is there already.`;
    }
    for (const term of known) this.flash(this.terms.indexOf(term));
  }

  /* Adds what was typed but not yet finished, so that nothing typed is lost. */
  settle() {
    if (!this.entry.value.trim()) return;
    this.add([this.entry.value]);
    this.entry.value = "";
  }

  flash(at) {
    const chip = this.list.children[at];
    chip.classList.add("chip--accent");
    setTimeout(() => chip.classList.remove("chip--accent"), 900);
  }

  remove(at) {
    const [term] = this.terms.splice(at, 1);
    this.write(`Removed ${term}.`);
  }

  buttons() {
    return [...this.list.querySelectorAll("button")];
  }

  focus(at) {
    (this.buttons()[at] ?? this.entry).focus();
  }

  listen() {
    this.frame.addEventListener("click", ({ target }) => {
      const button = target.closest("button");
      if (button) {
        const at = Number(button.dataset.at);
        this.remove(at);
        this.focus(at);
      } else if (target === this.frame || target === this.list) {
        this.entry.focus();
      }
    });
    this.list.addEventListener("keydown", (event) => this.moveOnChips(event));
    this.entry.addEventListener("keydown", (event) => this.typed(event));
    this.entry.addEventListener("input", () => {
      const isPattern = this.hasPatterns && this.entry.value.trimStart().startsWith("/");
      if (this.entry.value.includes(",") && !isPattern) this.split(this.entry.value);
    });
    this.entry.addEventListener("paste", (event) => {
      const text = event.clipboardData?.getData("text") ?? "";
      const breaks = this.hasPatterns && text.includes("/") ? LINE_BREAKS : BREAKS;
      if (!breaks.test(text)) return;
      event.preventDefault();
      this.add(text.replaceAll("\r", "\n").split(breaks));
    });
    this.entry.addEventListener("blur", () => this.settle());
    this.lines.form?.addEventListener("submit", () => this.settle(), true);
    this.lines.form?.addEventListener("reset", () => setTimeout(() => {
      this.terms = termsOf(this.lines);
      this.draw();
    }));
  }

  split(text) {
    const parts = text.split(",");
    this.entry.value = parts.pop().trimStart();
    this.add(parts);
  }

  typed(event) {
    if (event.isComposing) return;
    const isAtStart = this.entry.selectionStart === 0 && this.entry.selectionEnd === 0;
    if (event.key === "Enter") {
      event.preventDefault();
      this.settle();
    } else if (event.key === "Backspace" && !this.entry.value && this.terms.length) {
      event.preventDefault();
      this.remove(this.terms.length - 1);
    } else if (event.key === "ArrowLeft" && isAtStart && this.terms.length) {
      event.preventDefault();
      this.focus(this.terms.length - 1);
    }
  }

  moveOnChips(event) {
    const at = this.buttons().indexOf(event.target);
    if (at < 0) return;
    const moves = { ArrowLeft: Math.max(0, at - 1), ArrowRight: at + 1, Home: 0, End: this.terms.length };
    if (event.key in moves) {
      event.preventDefault();
      this.focus(moves[event.key]);
    } else if (event.key === "Backspace" || event.key === "Delete") {
      event.preventDefault();
      this.remove(at);
      this.focus(event.key === "Backspace" ? Math.max(0, at - 1) : at);
    }
  }
}

/** Show the terms of `root` as chips. */
export function enhanceTerms(root) {
  if (root.dataset.live) return;
  root.dataset.live = "yes";
  new Chips(root);
}
