// The code of a link stands behind its #, which a browser sends to nobody: it goes from there into the form.
for (const form of document.querySelectorAll("form[data-fragment]")) {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!code) continue;
  history.replaceState(null, "", location.pathname);
  form.elements[form.dataset.fragment].value = code;
  form.requestSubmit();
}

// A form with a passkey asks the authenticator first, and then goes its way with the answer.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const trouble = form.querySelector("[role=alert]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const credential = form.dataset.passkey === "create"
        ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
      form.elements.credential.value = JSON.stringify(credential);
      form.submit();
    } catch (failed) {
      trouble.textContent = failed.name === "NotAllowedError" ? "No passkey was given." : `The passkey cannot be used: ${failed.message}`;
      trouble.hidden = false;
    }
  });
  for (const button of form.querySelectorAll("button")) button.disabled = false;
}
