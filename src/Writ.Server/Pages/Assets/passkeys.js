// Passkeys: one is made, or signs exactly the statement that this page shows. What is sent is JSON to this server's own /v1.
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

async function call(form, path, body) {
  const answer = await fetch(`/v1${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-writ-antiforgery": form.elements.antiforgery.value },
    body: JSON.stringify(body),
  });
  const said = await answer.json();
  if (answer.ok) return said;
  if (said.type === "stale-sign-in") location.assign(`/signin?again=1&return=${encodeURIComponent(location.pathname)}`);
  throw new Error(said.hint ? `${said.detail || said.title}: ${said.hint}` : said.detail || said.title);
}

function part(...parts) {
  const lengths = parts.map((each) => { const view = new DataView(new ArrayBuffer(4)); view.setUint32(0, each.length); return new Uint8Array(view.buffer); });
  return new Blob(parts.flatMap((each, at) => [lengths[at], each])).arrayBuffer();
}

// The challenge is made here, from the digest that stands on the page: a server that has another request in mind gets no yes to it.
async function challengeOf(statement, nonce, at) {
  const digest = Uint8Array.from(statement.match(/../g), (pair) => parseInt(pair, 16));
  const instant = new DataView(new ArrayBuffer(8));
  instant.setBigInt64(0, BigInt(at));
  return crypto.subtle.digest("SHA-256", await part(new TextEncoder().encode("writ-approval/v1"), digest, bytes(nonce), new Uint8Array(instant.buffer)));
}

async function approve(form) {
  const { request, statement, passkey } = form.dataset;
  const decision = { statement_digest: statement, comment: form.elements.comment.value || null };
  if (passkey === "none") return call(form, `/requests/${request}/approve`, decision);
  const given = await call(form, `/requests/${request}/challenge`, {});
  if (given.statement_digest !== statement) throw new Error("The request has become another since this page was loaded. Load it again.");
  const { rawId, response } = await navigator.credentials.get({ publicKey: {
    challenge: await challengeOf(statement, given.nonce, given.at), rpId: given.party, userVerification: "required", timeout: 120000,
    allowCredentials: given.credentials.map((credential) => ({ type: "public-key", id: bytes(credential) })),
  } });
  return call(form, `/requests/${request}/approve`, { ...decision, passkey: {
    nonce: given.nonce, credential: text(rawId), authenticator_data: text(response.authenticatorData), client_data: text(response.clientDataJSON), signature: text(response.signature),
  } });
}

async function make(form) {
  const given = await call(form, "/passkeys/challenge", {});
  const { response } = await navigator.credentials.create({ publicKey: {
    challenge: bytes(given.challenge), rp: { id: given.party, name: "Writ" }, user: { id: bytes(given.user), name: given.name, displayName: given.name },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }, { type: "public-key", alg: -257 }], attestation: "none", timeout: 120000,
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
    excludeCredentials: given.known.map((credential) => ({ type: "public-key", id: bytes(credential) })),
  } });
  await call(form, "/passkeys", {
    name: form.elements.name.value, challenge: given.challenge, client_data: text(response.clientDataJSON), authenticator_data: text(response.getAuthenticatorData()),
    transports: response.getTransports(),
  });
}

const acts = {
  approve, make,
  deny: (form) => call(form, `/requests/${form.dataset.request}/deny`, { statement_digest: form.dataset.statement, comment: form.elements.comment.value || null }),
  confirm: (form) => call(form, `/passkeys/${form.dataset.id}/confirm`, { fingerprint: form.elements.fingerprint.value.trim() }),
  remove: (form) => call(form, `/passkeys/${form.dataset.id}/remove`, { reason: "removed in the browser" }),
};

// Sent before anybody listens, a form would put its fields into the page's address: its buttons wait until then.
for (const form of document.querySelectorAll("form[data-act]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [trouble, buttons] = [form.querySelector("[role=alert]"), form.querySelectorAll("button")];
    trouble.hidden = true;
    for (const button of buttons) button.disabled = true;
    try {
      await acts[event.submitter?.dataset.act || form.dataset.act](form);
      location.reload();
    } catch (failed) {
      trouble.textContent = failed.name === "NotAllowedError" ? "No passkey was given." : failed.name === "InvalidStateError" ? "This authenticator has a passkey of yours already." : failed.message;
      trouble.hidden = false;
      for (const button of buttons) button.disabled = false;
    }
  });
  for (const button of form.querySelectorAll("button")) button.disabled = false;
}
