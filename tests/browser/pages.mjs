// Chromium, and the steps that a person takes on the pages.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { chromium } from 'playwright-core';
import { demoUser } from '../countersign.mjs';

export const administrator = { username: 'grace', password: 'a ladder, a lamp and a lantern' };

export function launch() {
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
