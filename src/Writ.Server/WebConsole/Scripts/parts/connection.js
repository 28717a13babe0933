// The page's connection: a WebSocket and nothing else. Where it cannot be had again, the page is loaded anew, which also leads to the sign-in page.
export function startConnection() {
  window.Blazor.start({
    circuit: {
      configureSignalR: (hub) => hub.withUrl("/_blazor", { skipNegotiation: true, transport: 1 }),
      reconnectionOptions: { maxRetries: 60, retryIntervalMilliseconds: (attempt) => (attempt === 0 ? 0 : attempt < 10 ? 1000 : 5000) },
    },
  });
  // No form of the console goes anywhere by itself: what is done, is done over the connection, once there is one.
  document.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("components-reconnect-modal").addEventListener("components-reconnect-state-changed", ({ detail }) => {
    if (detail.state === "rejected" || detail.state === "failed") location.reload();
  });
}
