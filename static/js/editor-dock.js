/* The dock beside the form: tabs, and the fragments that panes show. On narrow
   pages the form is one of the tabs, which stand at the bottom. */

const NARROW = window.matchMedia("(width < 60rem)");
const FAILED = "This cannot be loaded now. Your text is safe.";
const SIGNED_OUT = "You are signed out. Sign in in another tab, then try again; your text is safe.";

/** Fetch a fragment; a redirect means that the person is signed out. */
export async function fetchFragment(url, options) {
  const answer = await fetch(url, { ...options, headers: { "HX-Request": "true" } });
  if (answer.redirected) throw new Error(SIGNED_OUT);
  if (!answer.ok && answer.status !== 422) throw new Error(FAILED);
  return answer.text();
}

class Pane {
  constructor(root, { form }) {
    this.root = root;
    this.form = form;
    this.url = root.dataset.src;
    this.isLoaded = false;
  }

  /* What the pane's own controls choose goes along, so that it stays chosen. */
  request() {
    const body = this.root.dataset.postsForm === undefined ? new FormData() : new FormData(this.form);
    for (const control of this.root.querySelectorAll("select[name], input[name]")) {
      const isOff = control.type === "radio" || control.type === "checkbox" ? !control.checked : false;
      if (!isOff && control.form !== this.form && control.type !== "hidden") body.append(control.name, control.value);
    }
    if (this.root.dataset.postsForm !== undefined) return [this.url, { method: "POST", body }];
    const query = new URLSearchParams(body).toString();
    return [query ? `${this.url}?${query}` : this.url, {}];
  }

  async load() {
    this.waiting?.abort();
    this.waiting = new AbortController();
    const { signal } = this.waiting;
    this.isLoaded = true;
    this.root.setAttribute("aria-busy", "true");
    try {
      const [url, options] = this.request();
      const html = await fetchFragment(url, { ...options, signal });
      this.root.innerHTML = html;
      window.htmx?.process(this.root);
      this.root.dispatchEvent(new CustomEvent("editor:pane", { bubbles: true }));
    } catch (error) {
      if (signal.aborted) return;
      this.isLoaded = false;
      this.fail(error instanceof TypeError ? FAILED : error.message);
    }
    this.root.removeAttribute("aria-busy");
  }

  fail(words) {
    const text = document.createElement("p");
    text.textContent = words;
    const again = document.createElement("button");
    again.type = "button";
    again.className = "button";
    again.textContent = "Try again";
    again.addEventListener("click", () => this.load());
    this.root.replaceChildren(text, again);
  }
}

export function startDock(page, { form }) {
  const list = page.querySelector("[data-dock-tabs]");
  const tabs = [...list.querySelectorAll("[data-dock-tab]")];
  const write = page.querySelector("[data-editor-write]");
  const panels = new Map([...page.querySelectorAll("[data-dock-pane]")].map((root) => [root.dataset.dockPane, root]));
  const loaded = new Map(
    [...panels].filter(([, root]) => root.dataset.src).map(([name, root]) => [name, new Pane(root, { form })]),
  );
  let chosen = NARROW.matches ? "write" : tabs[1].dataset.dockTab;

  function shownTabs() {
    return NARROW.matches ? tabs : tabs.slice(1);
  }

  function show() {
    if (chosen === "write" && !NARROW.matches) chosen = tabs[1].dataset.dockTab;
    page.dataset.pane = chosen;
    for (const tab of tabs) {
      const isChosen = tab.dataset.dockTab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
    }
    for (const [name, root] of panels) root.hidden = name !== chosen;
    if (NARROW.matches) {
      write.setAttribute("role", "tabpanel");
      write.setAttribute("aria-labelledby", "tab-write");
    } else {
      write.removeAttribute("role");
      write.removeAttribute("aria-labelledby");
    }
    const pane = loaded.get(chosen);
    if (pane && !pane.isLoaded) pane.load();
    page.dispatchEvent(new CustomEvent("editor:shown", { detail: { pane: chosen } }));
  }

  function choose(name) {
    if (name === chosen) return;
    chosen = name;
    show();
  }

  list.addEventListener("click", ({ target }) => {
    const tab = target.closest("[data-dock-tab]");
    if (tab) choose(tab.dataset.dockTab);
  });
  list.addEventListener("keydown", (event) => {
    const all = shownTabs();
    const at = all.indexOf(event.target);
    const next = {
      ArrowLeft: all[at - 1] ?? all.at(-1),
      ArrowRight: all[at + 1] ?? all[0],
      Home: all[0],
      End: all.at(-1),
    }[event.key];
    if (at < 0 || !next || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    choose(next.dataset.dockTab);
    next.focus();
  });

  /* An address ending in #pane-history opens that pane. */
  function byAddress() {
    const name = window.location.hash.replace("#pane-", "");
    if (window.location.hash.startsWith("#pane-") && panels.has(name)) choose(name);
  }
  window.addEventListener("hashchange", byAddress);

  form.addEventListener("editor:saved", () => {
    for (const [name, pane] of loaded) {
      // What somebody types into a pane is not taken from them.
      if (pane.root.querySelector("textarea") || pane.root.contains(document.activeElement)) continue;
      pane.isLoaded = false;
      if (name === chosen) pane.load();
    }
  });
  form.addEventListener("editor:changed", () => {
    for (const [name, pane] of loaded) {
      if (name !== chosen && pane.root.dataset.postsForm !== undefined) pane.isLoaded = false;
    }
  });

  for (const [name, root] of panels) {
    root.setAttribute("role", "tabpanel");
    root.tabIndex = -1;
    root.hidden = name !== chosen;
  }
  list.hidden = false;
  NARROW.addEventListener("change", show);
  show();
  byAddress();

  return {
    /** Bring a pane forward. */
    open: choose,
    /** On narrow pages, bring the form forward. */
    write() {
      if (NARROW.matches) choose("write");
    },
    get isNarrow() {
      return NARROW.matches;
    },
    get shown() {
      return chosen;
    },
  };
}
