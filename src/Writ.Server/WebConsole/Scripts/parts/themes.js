export function startThemes() {
  document.addEventListener("click", (event) => {
    const to = event.target.closest("[data-theme-to]")?.dataset.themeTo;
    if (to === undefined) return;
    if (to) {
      localStorage.setItem("writ-theme", to);
      document.documentElement.dataset.theme = to;
    } else {
      localStorage.removeItem("writ-theme");
      delete document.documentElement.dataset.theme;
    }
  });
  document.addEventListener("toggle", (event) => {
    if (!event.target.matches?.("details.me") || !event.target.open) return;
    for (const button of event.target.querySelectorAll("[data-theme-to]"))
      button.setAttribute("aria-pressed", String((document.documentElement.dataset.theme ?? "") === button.dataset.themeTo));
  }, true);
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.me[open]")) if (!open.contains(event.target) || event.target.closest("a")) open.open = false;
  });
}
