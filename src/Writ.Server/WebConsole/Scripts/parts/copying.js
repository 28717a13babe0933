// Whatever carries data-copy copies it on a click, and says so.
export function startCopying() {
  document.addEventListener("click", async (event) => {
    const from = event.target.closest("[data-copy]");
    if (!from) return;
    event.preventDefault();
    event.stopPropagation();
    await navigator.clipboard.writeText(from.dataset.copy);
    say("copied");
    from.classList.add("copied");
    setTimeout(() => from.classList.remove("copied"), 900);
  }, true);
}

let voice;

/** Says something to whoever listens instead of looking. */
export function say(text) {
  if (!voice) {
    voice = document.createElement("p");
    voice.className = "hid";
    voice.setAttribute("role", "status");
    document.body.append(voice);
  }
  voice.textContent = text;
}
