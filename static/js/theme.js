/* Runs before the first paint (no defer, no module), so that a chosen theme
   never flashes. Without a choice the system decides, by CSS alone. */
"use strict";

(() => {
  // The admin's own scripts keep nothing under this key once ours replaces them.
  const KEY = "dramatis.theme";
  const CHOICES = ["light", "dark", "system"];
  const root = document.documentElement;

  function stored() {
    try {
      const choice = localStorage.getItem(KEY);
      return CHOICES.includes(choice) ? choice : "system";
    } catch (error) {
      // Storage is barred in some private windows: follow the system.
      if (error instanceof DOMException) return "system";
      throw error;
    }
  }

  function store(choice) {
    try {
      localStorage.setItem(KEY, choice);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
    }
  }

  function apply(choice) {
    if (choice === "system") {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = choice;
    }
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      const isPressed = button.dataset.themeChoice === choice;
      button.setAttribute("aria-pressed", String(isPressed));
    }
    // Charts that draw on a canvas read the colours again.
    document.dispatchEvent(new CustomEvent("themechange", { detail: { choice } }));
  }

  root.classList.add("js");
  apply(stored());

  document.addEventListener("DOMContentLoaded", () => apply(stored()));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    store(button.dataset.themeChoice);
    apply(button.dataset.themeChoice);
  });
  // Another tab chose.
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) apply(stored());
  });
})();
