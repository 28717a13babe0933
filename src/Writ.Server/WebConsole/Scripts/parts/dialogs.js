// A dialog that a page adds is shown as one: before all else, with the focus in it. The page takes it away again.
export function startDialogs() {
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) {
        const dialog = node.nodeType === Node.ELEMENT_NODE ? (node.matches("dialog[data-modal]") ? node : node.querySelector("dialog[data-modal]")) : null;
        if (dialog && !dialog.open) dialog.showModal();
      }
    }
  }).observe(document.body, { subtree: true, childList: true });
}
