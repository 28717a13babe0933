// Ctrl-K opens the palette; the arrows move through what was found, Enter goes there.
export function startPalette() {
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
    else if (event.key === "Enter" && at < 0 && found.length > 0) found[0].click();
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-opens=palette]")) open();
    // A click beside it, or on what was found, is the end of it.
    else if (event.target.id === "palette" || event.target.closest("#palette a")) document.getElementById("palette").close();
  });
}
