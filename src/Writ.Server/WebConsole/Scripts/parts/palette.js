// Ctrl-K opens the palette; the arrows move through what was found, Enter goes there.
export function startPalette() {
  // The list follows what is typed by a way to the server: Enter waits until it answers these very words.
  let waiting;
  const follow = (dialog) => {
    waiting?.disconnect();
    const input = dialog.querySelector("input"), asked = input.value;
    const go = () => {
      const list = dialog.querySelector("ul");
      if (dialog.open && input.value === asked && list.dataset.for !== asked.trim()) return;
      waiting?.disconnect();
      if (dialog.open && input.value === asked) list.querySelector("a")?.click();
    };
    waiting = new MutationObserver(go);
    waiting.observe(dialog, { attributes: true, childList: true, subtree: true });
    go();
  };
  const open = () => {
    const dialog = document.getElementById("palette");
    if (!dialog || dialog.open) return;
    dialog.showModal();
    dialog.querySelector("input").select();
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open();
      return;
    }
    const dialog = event.target.closest?.("#palette");
    if (!dialog) return;
    const found = [...dialog.querySelectorAll("a")], at = found.indexOf(document.activeElement);
    if (event.key === "ArrowDown" && found.length > 0) found[Math.min(at + 1, found.length - 1)].focus();
    else if (event.key === "ArrowUp") (at > 0 ? found[at - 1] : dialog.querySelector("input")).focus();
    else if (event.key === "Enter" && at < 0) follow(dialog);
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens=palette]")) open();
    // A click beside it, or on what was found, is the end of it.
    else if (event.target.id === "palette" || event.target.closest("#palette a")) document.getElementById("palette").close();
  });
}
