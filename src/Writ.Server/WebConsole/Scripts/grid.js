// A grid that the arrow keys walk through: one of its cells can be tabbed to, the others are reached from it.

export function start(table) {
  const rows = () => [...table.tBodies[0].rows].filter(row => row.querySelector('[data-cell]'));
  const cellAt = (row, column) => row?.cells[column]?.querySelector('[data-cell]');
  const first = () => table.querySelector('[data-cell][aria-current]') ?? table.querySelector('[data-cell]');
  const reachable = () => {
    const chosen = table.querySelector('[data-cell][tabindex="0"]') ?? first();
    for (const cell of table.querySelectorAll('[data-cell][tabindex="0"]')) if (cell !== chosen) cell.tabIndex = -1;
    if (chosen) chosen.tabIndex = 0;
  };

  table.addEventListener('keydown', event => {
    const from = event.target.closest?.('[data-cell]');
    if (!from || event.ctrlKey || event.metaKey || event.altKey) return;
    const [all, column] = [rows(), from.closest('td').cellIndex];
    const at = all.indexOf(from.closest('tr'));
    const last = all[at].cells.length - 1;
    // Cells that say nothing are passed over.
    const along = (step, edge) => { for (let next = column + step; edge(next); next += step) if (cellAt(all[at], next)) return cellAt(all[at], next); };
    const across = step => { for (let next = at + step; next >= 0 && next < all.length; next += step) if (cellAt(all[next], column)) return cellAt(all[next], column); };
    const to = {
      ArrowLeft: () => along(-1, next => next > 0), ArrowRight: () => along(1, next => next <= last), ArrowUp: () => across(-1), ArrowDown: () => across(1),
      Home: () => [...all[at].querySelectorAll('[data-cell]')][0], End: () => [...all[at].querySelectorAll('[data-cell]')].at(-1),
      PageUp: () => cellAt(all[Math.max(0, at - 10)], column), PageDown: () => cellAt(all[Math.min(all.length - 1, at + 10)], column),
    }[event.key]?.();
    if (!to) return;
    event.preventDefault();
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  });
  table.addEventListener('focusin', event => {
    const cell = event.target.closest?.('[data-cell]');
    if (!cell) return;
    for (const other of table.querySelectorAll('[data-cell][tabindex="0"]')) if (other !== cell) other.tabIndex = -1;
    cell.tabIndex = 0;
  });
  new MutationObserver(reachable).observe(table, { childList: true, subtree: true });
  reachable();
}
