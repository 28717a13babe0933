// A key does what the element that names it does: it is clicked, or given the focus where something is typed into it.
const typing = (element) => element.closest("input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable],.xterm,dialog[open]");

export function startKeys() {
  document.addEventListener("keydown", (event) => {
    if (!document.documentElement.hasAttribute("data-live") || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const target = [...document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)].find((element) => element.checkVisibility() && !element.disabled);
    if (!target) return;
    event.preventDefault();
    if (target.matches("input,textarea,select")) target.focus();
    else target.click();
  });
  // The page's base is the server's root, so a link to a part of this page is followed here.
  document.addEventListener("click", (event) => {
    if (!event.target.closest("a[data-skip]")) return;
    event.preventDefault();
    document.getElementById("main")?.focus();
  });
}
