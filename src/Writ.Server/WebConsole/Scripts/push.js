// Notices in this browser: whether they can be, are, and shall be.
const worker = "/push-worker.js";

const text = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** What it calls itself, as the person knows it. */
const name = () => {
  const agent = navigator.userAgent;
  const [, browser] = [["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]].find(([mark]) => agent.includes(mark)) ?? ["", "a browser"];
  const [, system] = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]].find(([mark]) => agent.includes(mark)) ?? ["", ""];
  return system ? `${browser} on ${system}` : browser;
};

/** Whether this browser can be told here, whether the person forbade it, and the endpoint that is on; null for none. */
export const here = async () => {
  if (!("serviceWorker" in navigator) || !("PushManager" in window) || !("Notification" in window))
    return { can: false, isForbidden: false, endpoint: null };
  const on = await (await navigator.serviceWorker.getRegistration("/"))?.pushManager.getSubscription();
  return { can: true, isForbidden: Notification.permission === "denied", endpoint: on?.endpoint ?? null };
};

/** Turns this browser on with the server's key: how it is reached; null where the person does not allow it. */
export const turnOn = async key => {
  if (await Notification.requestPermission() !== "granted")
    return null;
  await navigator.serviceWorker.register(worker, { scope: "/" });
  const { pushManager } = await navigator.serviceWorker.ready;
  const before = await pushManager.getSubscription();
  // What another key asked for takes nothing from this one.
  if (before?.options.applicationServerKey && text(before.options.applicationServerKey) !== key)
    await before.unsubscribe();
  const { endpoint, keys } = (await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key })).toJSON();
  return { endpoint, p256dh: keys.p256dh, auth: keys.auth, browser: name() };
};

/** Turns this browser off. */
export const turnOff = async () => {
  await (await (await navigator.serviceWorker.getRegistration("/"))?.pushManager.getSubscription())?.unsubscribe();
};
