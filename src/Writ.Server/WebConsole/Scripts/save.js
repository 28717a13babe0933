/** Saves bytes as a file of the viewer's. */
export async function save(name, stream) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([await stream.arrayBuffer()], { type: 'application/octet-stream' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
