// Chromium, and the steps that a person takes on the pages.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { demoUser } from '../countersign.mjs';

export const administrator = { username: 'grace', password: 'a ladder, a lamp and a lantern' };

export function launch(more = []) {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
}

export async function startAtDemo(page, server) {
  await page.goto(server.demo);
  await page.click('#demo-login');
}

export async function signIn(page, user = demoUser) {
  await page.fill('#username', user.username);
  await page.fill('#password', user.password);
  await page.click('#login-submit');
}

/** From the demo's button to its claims, for a user who has not consented before. */
export async function signInThroughDemo(page, server) {
  await startAtDemo(page, server);
  await signIn(page);
  await page.click('#consent-allow');
  return claims(page);
}

export async function claims(page) {
  return JSON.parse(await page.textContent('#claims'));
}

/** Signed out means: the account page asks for the password. */
export async function assertSignedOut(page, server) {
  await page.goto(`${server.issuer}/account`);
  await page.waitForSelector('#password');
  assert.equal(new URL(page.url()).pathname, '/login');
}

/** The one-time link that the server printed at its first start. */
export function setupLink(server) {
  const link = server.output().match(/http:\S+\/setup\?token=[\w-]+/)?.[0];
  assert.ok(link, `a link to set up the administrator in:\n${server.output()}`);
  return link;
}

/** The last link to this path in a mail that the server says it would have sent. */
export async function mailedLink(server, path) {
  for (let waited = 0; waited < 100; waited += 1) {
    const links = [...server.output().matchAll(/^ {2}link {5}(\S+)$/gm)].map(([, link]) => link);
    const link = links.findLast((link) => new URL(link).pathname === path);
    if (link) return link;
    await sleep(100);
  }
  throw new Error(`No mail with a link to ${path} in:\n${server.output()}`);
}

export async function setUp(page, server) {
  await page.goto(setupLink(server));
  await page.fill('#username', administrator.username);
  await page.fill('#password', administrator.password);
  await page.click('#setup-submit');
  await page.waitForSelector('text=is the administrator');
}

/** A security key or phone of the browser's, as Chromium simulates it. */
export async function authenticator(context, page, options = {}) {
  const session = await context.newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      ...options,
    },
  });
  const command = (name, more = {}) => session.send(`WebAuthn.${name}`, { authenticatorId, ...more });
  return {
    credentials: async () => (await command('getCredentials')).credentials,
    add: (credential) => command('addCredential', { credential }),
    clear: () => command('clearCredentials'),
    verifiesUser: (isUserVerified) => command('setUserVerified', { isUserVerified }),
    isPresent: (enabled) => command('setAutomaticPresenceSimulation', { enabled }),
  };
}

/** What the server last printed of a mail to this address: the line that begins with `what`. */
export async function mailed(server, address, what = 'link') {
  for (let waited = 0; waited < 15_000; waited += 100) {
    const mail = server.output().split('Mail that would have been sent to ').findLast((text) => text.startsWith(`${address}:`));
    const found = mail?.match(new RegExp(`\\n  ${what} +(.+)\\n`))?.[1];
    if (found) return found;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`No mail to ${address} in:\n${server.output()}`);
}

/** The HTML part of the last mail to this address, out of the file that it was written to (quoted-printable, RFC 2045 §6.7). */
export async function mailAsShown(server, address) {
  const mail = await readFile(await mailed(server, address, 'file'), 'utf8');
  const [, part] = mail.split(/^Content-Type: text\/html.*$/m);
  const [, encoded] = part.match(/\r?\n\r?\n([^]*)/);
  const bytes = encoded.replace(/=\r?\n/g, '').replace(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, 'latin1').toString('utf8').split(/^--countersign-/m)[0];
}

/** Signs in as the administrator and invites somebody to the demo. Returns the link of the mail. */
export async function invite(page, server, address) {
  await page.goto(`${server.issuer}/admin/users`);
  if (await page.locator('#login-submit').count()) await signIn(page, administrator);
  await page.click('a:has-text("Invite")');
  await page.fill('#email', address);
  await page.selectOption('#client_id', 'acme-notes');
  await page.click('#invite-submit');
  await page.waitForSelector('text=The invitation is on its way');
  return mailed(server, address);
}

/** What an authenticator app shows now, or some steps of thirty seconds later (RFC 6238). */
export function timeBasedCode(key, later = 0) {
  const bits = [...key.replaceAll(' ', '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later));
  const hash = createHmac('sha1', secret).update(step).digest();
  const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}
