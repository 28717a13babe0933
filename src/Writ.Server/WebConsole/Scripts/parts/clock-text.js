/** Minutes and seconds, for example 6:38 or 1:12:09. */
export function clock(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000)), two = number => String(number).padStart(2, '0');
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}` : `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
}
