// Checks proofs of the audit log in this browser, with WebCrypto alone: c2sp.org/tlog-proof, signed-note and
// tlog-cosignature, and the Merkle trees of RFC 6962. The server is believed in nothing but the first key that this
// browser sees, which it keeps, with the newest head that it has checked: a log that forks later is found out.

const Magic = 'c2sp.org/tlog-proof@v1';
const utf8 = new TextEncoder();

export class ProofError extends Error {}

const fail = why => { throw new ProofError(why); };
const same = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

export function bytesOf(base64) {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) fail('it holds what is no base64');
  const bytes = Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
  if (textOf(bytes) !== base64) fail('it holds base64 with stray bits');
  return bytes;
}

export const textOf = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));

async function hash(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (whole.set(part, at), at + part.length), 0);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', whole));
}

export const leafOf = entry => hash([0], entry);
const nodeOf = (left, right) => hash([1], left, right);

const idOf = async (name, key) => (await hash(utf8.encode(`${name}\n`), key)).slice(0, 4);

/** A verifier key, name+0123abcd+base64. */
export async function keyOf(text) {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text) ?? fail('a key of the log is damaged');
  const [, name, number] = parts, encoded = bytesOf(parts[3]);
  if (encoded.length !== 33 || ![1, 4].includes(encoded[0])) fail(`the key of ${name} is of a kind that is not known here`);
  const id = await idOf(name, encoded);
  if (Array.from(id, byte => byte.toString(16).padStart(2, '0')).join('') !== number) fail(`the number of the key of ${name} is not its own`);
  return { text, name, id, kind: encoded[0], key: await crypto.subtle.importKey('raw', encoded.slice(1), 'Ed25519', false, ['verify']) };
}

/** A signed checkpoint: who signed and cosigned it, of the keys given. A known key with a bad signature spoils it. */
export async function openCheckpoint(note, keys) {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) fail('the checkpoint has no signatures');
  const text = note.slice(0, end + 1), lines = text.slice(0, -1).split('\n');
  if (lines.length < 3 || !/^(0|[1-9]\d*)$/.test(lines[1])) fail('the checkpoint is damaged');
  const head = { origin: lines[0], size: BigInt(lines[1]), root: bytesOf(lines[2]), note, signers: [], cosigners: [] };
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [, name, blob] = /^\u2014 (\S+) (\S+)$/.exec(line) ?? fail('a signature of the checkpoint is damaged');
    const bytes = bytesOf(blob);
    for (const key of keys.filter(known => known.name === name && same(known.id, bytes.slice(0, 4)))) {
      if (key.kind === 1) {
        if (!await crypto.subtle.verify('Ed25519', key.key, bytes.slice(4), utf8.encode(text))) fail(`the signature of ${name} does not hold`);
        head.signers.push(key);
      } else {
        const time = new DataView(bytes.buffer, 4).getBigUint64(0);
        const said = utf8.encode(`cosignature/v1\ntime ${time}\n${text}`);
        if (!await crypto.subtle.verify('Ed25519', key.key, bytes.slice(12), said)) fail(`the cosignature of ${name} does not hold`);
        head.cosigners.push({ name, time: Number(time) });
      }
    }
  }
  if (!head.signers.some(key => key.name === head.origin)) fail('no known key of the log has signed the checkpoint');
  return head;
}

/** The parts of a proof file. */
export function readProof(file) {
  const end = file.indexOf('\n\n');
  const lines = end < 0 ? [] : file.slice(0, end).split('\n');
  if (lines.shift() !== Magic) fail('this is no proof');
  const entry = lines[0]?.startsWith('extra ') ? bytesOf(lines.shift().slice(6)) : null;
  const index = /^index (0|[1-9]\d*)$/.exec(lines.shift() ?? '') ?? fail('the proof is damaged');
  const path = lines.map(bytesOf);
  if (path.length > 63 || path.some(node => node.length !== 32)) fail('the proof is damaged');
  return { entry, index: BigInt(index[1]), path, note: file.slice(end + 2) };
}

/** RFC 9162, section 2.1.3.2. */
export async function isIncluded(index, size, leaf, path, root) {
  if (index >= size) return false;
  let [at, last, node] = [index, size - 1n, leaf];
  for (const other of path) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      node = await nodeOf(other, node);
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else node = await nodeOf(node, other);
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && same(node, root);
}

/** RFC 9162, section 2.1.4.2. */
export async function isConsistent(from, to, first, second, proof) {
  if (from === to) return proof.length === 0 && same(first, second);
  if (from > to) return false;
  if (from === 0n) return proof.length === 0;
  const path = (from & (from - 1n)) === 0n ? [first, ...proof] : proof;
  let [at, last] = [from - 1n, to - 1n];
  while (at & 1n) [at, last] = [at >> 1n, last >> 1n];
  if (path.length === 0) return false;
  let [old, now] = [path[0], path[0]];
  for (const other of path.slice(1)) {
    if (last === 0n) return false;
    if (at & 1n || at === last) {
      [old, now] = [await nodeOf(other, old), await nodeOf(other, now)];
      while (!(at & 1n) && at !== 0n) [at, last] = [at >> 1n, last >> 1n];
    } else now = await nodeOf(now, other);
    [at, last] = [at >> 1n, last >> 1n];
  }
  return last === 0n && same(old, first) && same(now, second);
}

/** Holds a proof file against the keys; the entry's bytes are those that are shown. */
export async function check(file, keys, shown) {
  const proof = readProof(file);
  const head = await openCheckpoint(proof.note, keys);
  if (!proof.entry || (shown && !same(proof.entry, shown))) fail('the proof is of another entry than the one that is shown');
  if (!await isIncluded(proof.index, head.size, await leafOf(proof.entry), proof.path, head.root)) fail(`the entry is not the one at position ${proof.index}: one of them was changed`);
  return { ...proof, head };
}

const get = async (path, as) => {
  const answer = await fetch(path, { headers: { accept: as === 'json' ? 'application/json' : 'text/plain' } });
  if (!answer.ok) fail((await answer.json().catch(() => null))?.detail ?? `the server answered ${answer.status}`);
  return answer[as]();
};

const Memory = 'writ.log';

function recall(origin) {
  try {
    const known = JSON.parse(localStorage.getItem(Memory));
    return known?.origin === origin ? known : null;
  } catch {
    return null;
  }
}

function remember(known) {
  try { localStorage.setItem(Memory, JSON.stringify(known)); } catch { /* A browser that keeps nothing checks each time as if it were the first. */ }
}

/** Checks the proof of an entry, and that the log still begins with all that this browser has seen of it. */
export async function prove(position, shown) {
  try {
    if (!globalThis.crypto?.subtle) fail('this browser checks nothing on a page that did not come over https');
    const [log, file] = await Promise.all([get('/v1/log', 'json'), get(`/v1/audit/${position}/proof`, 'text')]);
    const known = recall(log.origin);
    const keys = await Promise.all([...new Set([...known?.keys ?? [], ...log.keys, ...log.witnesses.map(witness => witness.key)])].map(keyOf));
    const trusted = head => {
      if (known && !head.signers.some(key => known.keys.includes(key.text))) fail(`the log is signed by a key that this browser does not know since ${known.since.slice(0, 10)}`);
      return head;
    };
    const proved = await check(file, keys, bytesOf(shown));
    if (proved.index !== BigInt(position)) fail('the proof is of another position');
    const newest = await follow(known, trusted(proved.head), async from => {
      const view = await get(`/v1/log/consistency?from=${from}`, 'json');
      return { path: view.proof.map(bytesOf), head: trusted(await openCheckpoint(view.checkpoint, keys)) };
    });
    // Who signs beside a known key is known from now on: that is how a log changes its key.
    remember({ origin: log.origin, since: known?.since ?? new Date().toISOString(), keys: newest.signers.map(key => key.text), size: String(newest.size), root: textOf(newest.root) });
    return {
      ok: true, size: Number(proved.head.size), origin: log.origin, key: proved.head.signers[0].text, leaf: textOf(await leafOf(proved.entry)), root: textOf(proved.head.root),
      path: proved.path.map(textOf), cosigners: proved.head.cosigners.length, witnesses: log.witnesses.length, knownSince: known?.since ?? null, knownSize: known ? Number(known.size) : null,
    };
  } catch (error) {
    return { ok: false, why: error instanceof ProofError ? error.message : `it could not be checked: ${error.message}` };
  }
}

/** Both the head that is remembered and the one of the proof must be beginnings of the newest one, which is told. */
async function follow(known, head, consistency) {
  const { path, head: newest } = await consistency(head.size);
  if (!await isConsistent(head.size, newest.size, head.root, newest.root, path)) fail('the log does not begin with the checkpoint of this proof');
  if (known) {
    const before = await consistency(known.size);
    if (!await isConsistent(BigInt(known.size), before.head.size, bytesOf(known.root), before.head.root, before.path)) {
      fail(`the log no longer begins with the ${known.size} entries that this browser has seen since ${known.since.slice(0, 10)}: history was changed`);
    }
    return before.head;
  }
  return newest;
}
