// A passkey that was made at the issuer is used on a page of another site, which `sign_in.related_origins` names: Chromium asks
// the issuer's /.well-known/webauthn, over https, and lets it.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as ask } from 'node:http';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';
import { serve } from '../countersign.mjs';
import { authenticator, launch, signIn } from './pages.mjs';

const ISSUER = 'https://id.example';
const RELATED = 'https://shop.test';
const STRANGER = 'https://evil.test';
const ada = { username: 'ada', password: 'a ladder, a lamp and a lantern' };

/** A certificate for all of them, which the browser is told not to look at. */
async function certificate() {
  const folder = await mkdtemp(join(tmpdir(), 'certificate-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(folder, name));
  await promisify(execFile)('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1', '-subj', '/CN=test',
    '-addext', 'subjectAltName=DNS:id.example,DNS:shop.test,DNS:evil.test', '-keyout', key, '-out', cert,
  ]);
  const pair = { key: await readFile(key), cert: await readFile(cert) };
  await rm(folder, { recursive: true });
  return pair;
}

/** All the sites: the issuer's is handed on to the server on this port, the others are an empty page. */
async function sites(port) {
  const server = createServer(await certificate(), (asked, answer) => {
    if (asked.headers.host !== 'id.example') {
      answer.setHeader('content-type', 'text/html');
      return answer.end('<!doctype html><title>Shop</title><button>Sign in</button>');
    }
    const { method, url: path, headers } = asked;
    const on = ask({ host: '127.0.0.1', port: port(), method, path, headers }, (answered) => {
      answer.writeHead(answered.statusCode, answered.headers);
      answered.pipe(answer);
    });
    on.on('error', () => answer.writeHead(502).end());
    asked.pipe(on);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/** What a page does with the issuer's options: a passkey's answer, or the name of what the browser says instead. */
const use = (page, options) =>
  page.evaluate(async (options) => {
    const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const text = (buffer) =>
      btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
    try {
      const publicKey = { ...options, challenge: bytes(options.challenge) };
      const { id, rawId, type, response } = await navigator.credentials.get({ publicKey });
      const { clientDataJSON, authenticatorData, signature, userHandle } = response;
      const parts = Object.entries({ clientDataJSON, authenticatorData, signature, userHandle });
      const answer = Object.fromEntries(parts.map(([name, value]) => [name, value ? text(value) : null]));
      return { id, rawId: text(rawId), type, extensions: {}, response: answer };
    } catch (error) {
      return error.name;
    }
  }, options);

test('a passkey of the issuer is used on a related origin, and on no other', { timeout: 120_000 }, async () => {
  let server;
  const proxy = await sites(() => server.port);
  server = await serve(
    (address) => `
[listen]
address = "${address}"
[passwords]
memory_kib = 64
iterations = 1
[sign_in]
related_origins = ["${RELATED}"]`,
    ISSUER,
  );
  const { port } = proxy.address();
  const chromium = await launch(['--ignore-certificate-errors', `--host-resolver-rules=MAP *:443 127.0.0.1:${port}`]);
  try {
    await server.command(['user', 'create', '--username', ada.username, '--password-stdin'], `${ada.password}\n`);
    const context = await chromium.newContext({ ignoreHTTPSErrors: true });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    const key = await authenticator(context, page);
    await page.goto(`${ISSUER}/account/sign-in/passkeys`);
    await signIn(page, ada);
    await page.fill('#name', 'Key');
    await page.click('#passkey-submit');
    await page.waitForURL('**/account/sign-in?done=passkey-added');
    const [credential] = await key.credentials();
    assert.equal(credential.rpId, 'id.example');

    // The sign-in page of another browser, which waits for an answer; and two other sites with the same key.
    const other = await chromium.newContext({ ignoreHTTPSErrors: true });
    const login = await other.newPage();
    await login.goto(`${ISSUER}/login`);
    const options = JSON.parse(await login.getAttribute('form[data-options]', 'data-options'));
    const elsewhere = await other.newPage();
    const same = await authenticator(other, elsewhere);
    await same.add(credential);
    await elsewhere.goto(`${STRANGER}/`);
    assert.equal(await use(elsewhere, options), 'SecurityError');
    await elsewhere.goto(`${RELATED}/`);
    const answer = await use(elsewhere, options);
    assert.notEqual(typeof answer, 'string', answer);
    const client = JSON.parse(Buffer.from(answer.response.clientDataJSON, 'base64url'));
    assert.equal(client.origin, RELATED);

    // The issuer takes it.
    await login.evaluate((answer) => {
      const form = document.querySelector('form[data-options]');
      form.elements.credential.value = JSON.stringify(answer);
      form.submit();
    }, answer);
    await login.waitForURL(`${ISSUER}/account`);
  } catch (problem) {
    console.error(`The server said:\n${server.output()}`);
    throw problem;
  } finally {
    await chromium.close();
    proxy.close();
    proxy.closeAllConnections();
    await server.stop();
  }
});
