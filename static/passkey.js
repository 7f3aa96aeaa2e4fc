// Passkeys: a form with `data-options` asks the browser for one and sends what it answers. Without scripts, or without
// passkeys in this browser, the form stays hidden and everything else works.
"use strict";
(() => {
  if (!window.PublicKeyCredential) return;

  // What this server knows of passkeys, for the password manager that keeps them, where the browser hands it on (Web
  // Authentication Level 3 §5.1.10).
  const signals = document.querySelector("[data-signals]");
  for (const [name, about] of signals ? JSON.parse(signals.dataset.signals) : []) {
    PublicKeyCredential[name]?.(about).catch(() => {});
  }

  const form = document.querySelector("form[data-options]");
  if (!form) return;

  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  const options = JSON.parse(form.dataset.options);
  const creates = "pubKeyCredParams" in options;
  options.challenge = bytes(options.challenge);
  if (creates) options.user.id = bytes(options.user.id);
  for (const list of [options.allowCredentials, options.excludeCredentials]) {
    for (const credential of list ?? []) credential.id = bytes(credential.id);
  }

  const send = (credential) => {
    const { response } = credential;
    const answer = {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      extensions: {},
      response: { clientDataJSON: text(response.clientDataJSON) },
    };
    if (creates) {
      answer.response.attestationObject = text(response.attestationObject);
      answer.response.transports = response.getTransports?.() ?? [];
    } else {
      answer.response.authenticatorData = text(response.authenticatorData);
      answer.response.signature = text(response.signature);
      answer.response.userHandle = response.userHandle ? text(response.userHandle) : null;
    }
    form.elements.credential.value = JSON.stringify(answer);
    const remember = document.getElementById("remember");
    if (remember && form.elements.remember) form.elements.remember.value = String(remember.checked);
    form.submit();
  };

  // An account that is yet to be made gets its passkey before it is: what was typed elsewhere on the page goes along.
  const borrowed = [...form.querySelectorAll("input[data-from]")];
  const borrow = () =>
    borrowed.every((input) => {
      const source = document.getElementById(input.dataset.from);
      input.value = source.value;
      if (input.name === "username") options.user.name = options.user.displayName = source.value;
      return source.reportValidity();
    });

  const problem = form.querySelector("[role=alert]");
  const fail = (error) => {
    // Whoever closed the browser's dialog knows that.
    if (error.name === "AbortError") return;
    problem.hidden = false;
    problem.focus?.();
  };

  // In the list of the user name's suggestions, for as long as the page is open.
  let waiting = null;
  const autofill = async () => {
    const field = document.querySelector("input[autocomplete~=webauthn]");
    // After a refusal nothing is offered by itself: the same key would be refused again.
    if (creates || !field || document.getElementById("problem")) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    waiting = new AbortController();
    navigator.credentials
      .get({ publicKey: options, mediation: "conditional", signal: waiting.signal })
      .then((credential) => credential && send(credential))
      .catch(fail);
  };

  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    problem.hidden = true;
    if (!borrow()) return;
    waiting?.abort();
    waiting = null;
    try {
      const credential = await (creates
        ? navigator.credentials.create({ publicKey: options })
        : navigator.credentials.get({ publicKey: options }));
      if (credential) send(credential);
    } catch (error) {
      fail(error);
    }
  });
  autofill();
})();
