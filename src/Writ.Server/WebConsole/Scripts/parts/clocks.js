// Instants in the viewer's zone, ticking; UTC stands in the title. The server's clock counts: a viewer's may be off.
const offset = Number(document.querySelector("meta[name=writ-now]").content) - Date.now();
export const now = () => Date.now() + offset;

const two = (number) => String(number).padStart(2, "0");
const hm = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const hms = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const year = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const zone = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" }).formatToParts(now()).find((part) => part.type === "timeZoneName").value;

export function left(seconds) {
  if (seconds >= 172800) return `${Math.floor(seconds / 86400)} days`;
  if (seconds >= 3600) return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}

function ago(seconds) {
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s ago`;
  if (seconds < 172800) return `${Math.floor(seconds / 3600)} h ${two(Math.floor(seconds / 60) % 60)} min ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

function date(at) {
  const today = new Date(now()), then = new Date(at);
  if (today.toDateString() === then.toDateString()) return hm.format(at);
  return `${(today.getFullYear() === then.getFullYear() ? day : year).format(at)} ${hm.format(at)}`;
}

function textOf(element) {
  const at = Date.parse(element.dateTime), gap = Math.round((at - now()) / 1000);
  switch (element.dataset.as) {
    case "ago": return ago(Math.max(0, -gap));
    case "left":
      element.classList.toggle("amber", gap < 120);
      return left(Math.max(0, gap));
    case "up": return left(Math.max(0, -gap));
    case "clock": return hms.format(at);
    case "dated": return new Date(now()).toDateString() === new Date(at).toDateString() ? hms.format(at) : `${day.format(at)} ${hms.format(at)}`;
    case "hm": return hm.format(at);
    case "iso": return `${new Date(at - new Date(at).getTimezoneOffset() * 60000).toISOString().slice(0, 19).replace("T", " ")}`;
    default: return date(at);
  }
}

// The text node stays: the renderer holds on to it.
function write(element, text) {
  const node = element.firstChild;
  if (node?.nodeType === Node.TEXT_NODE) {
    if (node.nodeValue !== text) node.nodeValue = text;
  } else element.prepend(text);
}

function tick(root = document) {
  for (const element of root.querySelectorAll("time[data-as]")) write(element, textOf(element));
  for (const element of document.querySelectorAll("[data-now]")) write(element, `${hms.format(now())} ${zone}`);
}

export function startClocks() {
  tick();
  // What is new or says another instant is written before it is painted.
  new MutationObserver((changes) => {
    if (changes.some((change) => change.type === "attributes" || [...change.addedNodes].some((node) => node.nodeType === Node.ELEMENT_NODE && (node.matches("time") || node.querySelector("time,[data-now]"))))) tick();
  }).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["datetime", "data-as"] });
  const beat = () => { tick(); setTimeout(beat, 1000 - (now() % 1000)); };
  beat();
}
