/* The list of sections: which is in view, and going from one to the next. */

export function startSections(page, { form, dock }) {
  const sections = [...form.querySelectorAll("[data-editor-section]")];
  const links = new Map(
    [...page.querySelectorAll("[data-section-link]")].map((link) => [link.dataset.sectionLink, link]),
  );
  const select = page.querySelector("[data-section-select]");
  const scroller = page.querySelector("[data-editor-write]");
  let current = sections[0];

  function mark(section) {
    current = section;
    const slug = section.dataset.editorSection;
    for (const [name, link] of links) {
      if (name === slug) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    select.value = slug;
  }

  function go(section, { focuses = true } = {}) {
    dock.write();
    section.scrollIntoView({ block: "start" });
    if (focuses) section.querySelector("h2").focus({ preventScroll: true });
    mark(section);
  }

  /* The one whose beginning last passed the upper part of the pane. */
  const inView = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) inView.add(target);
        else inView.delete(target);
      }
      const first = sections.find((section) => inView.has(section));
      if (first) mark(first);
    },
    { root: scroller, rootMargin: "-8% 0px -60% 0px" },
  );
  sections.forEach((section) => watcher.observe(section));

  for (const [name, link] of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      go(sections.find((section) => section.dataset.editorSection === name));
    });
  }
  select.addEventListener("change", () => {
    // The select keeps the focus, so that arrow keys can go on.
    go(sections.find((section) => section.dataset.editorSection === select.value), { focuses: false });
  });
  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const isPlain = event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!step || !isPlain || document.querySelector("dialog[open]")) return;
    if (event.target.matches("select")) return; // There it opens the list.
    event.preventDefault();
    const at = sections.indexOf(event.target.closest?.("[data-editor-section]") ?? current);
    const next = sections[at + step];
    if (next) go(next);
  });
  mark(current);

  return {
    /** Show what each section costs, where that is known (`tokens` maps slugs to
     *  tokens and percent of the prompt), and where something needs a change. */
    show({ tokens, isWrong }) {
      for (const [name, link] of links) {
        if (tokens) {
          const [count, percent] = tokens[name] ?? [0, 0];
          link.querySelector("[data-section-tokens]").textContent = count ? String(count) : "";
          link.querySelector("[data-section-bar]").setAttribute("width", String(percent));
        }
        link.querySelector("[data-section-error]").hidden = !isWrong.has(name);
        const option = select.querySelector(`[value="${name}"]`);
        option.textContent = option.dataset.title + (isWrong.has(name) ? " – needs a change" : "");
      }
    },
  };
}
