// What a passkey signs when somebody approves: made here, from the digest that stands on the page, so that a server which has another request in mind gets no yes to it.
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));

function parts(...all) {
  return new Blob(all.flatMap((each) => {
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, each.length);
    return [new Uint8Array(length.buffer), each];
  })).arrayBuffer();
}

async function challengeOf(statement, nonce, at) {
  const digest = Uint8Array.from(statement.match(/../g), (pair) => parseInt(pair, 16));
  const instant = new DataView(new ArrayBuffer(8));
  instant.setBigInt64(0, BigInt(at));
  return crypto.subtle.digest("SHA-256", await parts(new TextEncoder().encode("writ-approval/v1"), digest, bytes(nonce), new Uint8Array(instant.buffer)));
}

/** The digest that the page shows, and the passkey's answer to it; an error says why there is none. */
export async function sign(given) {
  const shown = document.querySelector("[data-statement]")?.dataset.statement;
  if (!shown || shown !== given.statement) return { error: "The request has become another since this page was loaded. Look again." };
  try {
    const { rawId, response } = await navigator.credentials.get({ publicKey: {
      challenge: await challengeOf(shown, given.nonce, given.at), rpId: given.party, userVerification: "required", timeout: 120000,
      allowCredentials: given.credentials.map((credential) => ({ type: "public-key", id: bytes(credential) })),
    } });
    return { credential: text(rawId), authenticatorData: text(response.authenticatorData), clientData: text(response.clientDataJSON), signature: text(response.signature) };
  } catch (failed) {
    return { error: failed.name === "NotAllowedError" ? "No passkey was given." : failed.message };
  }
}
