// Before anything is painted: the colours that the viewer chose on this machine, if they did.
{
  const chosen = localStorage.getItem("writ-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
}
