// Shows what the server pushes, also where none of its pages is open. It loads nothing, decides nothing, and opens pages of its own origin alone.
const page = path => {
  const address = new URL(typeof path === "string" ? path : "/", self.location.origin);
  return address.origin === self.location.origin ? address.href : `${self.location.origin}/`;
};

const read = data => {
  try {
    return data.json();
  } catch {
    return {};
  }
};

const show = async address => {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const there = open.find(client => client.url === address);
  return there ? there.focus() : self.clients.openWindow(address);
};

self.addEventListener("push", event => {
  const { title, path, tag } = read(event.data);
  // A browser shows something for each message, or says itself that something came.
  event.waitUntil(self.registration.showNotification(title || "Something waits for you", { tag: tag || "writ", renotify: true, data: { path } }));
});

self.addEventListener("notificationclick", event => {
  event.notification.close();
  event.waitUntil(show(page(event.notification.data?.path)));
});
