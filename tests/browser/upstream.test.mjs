// Signing in with an account at oidc-provider (npm), in Chromium: what one library serves and the other browser enforces.

import assert from 'node:assert/strict';
import test from 'node:test';
import { browser } from './support.mjs';
import { leaveFor, serveWithUpstream, signInThere } from './upstream.mjs';

test('an account at oidc-provider opens one here, and a refusal there is told here', { timeout: 120_000 }, async () => {
  const server = await serveWithUpstream();
  const { issuer } = server;
  const context = await (await browser()).newContext({ locale: 'en' });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const refused = [];
    page.on('console', (message) => message.text().includes('Content Security Policy') && refused.push(message.text()));
    const leave = () => page.goto(`${issuer}/account`).then(() => leaveFor(page, server));
    // No at the provider.
    await leave();
    await page.click('text=[ Cancel ]');
    await page.waitForSelector('[role=alert]');
    assert.match(await page.textContent('[role=alert]'), /did not allow the sign-in at The other provider/);
    // Yes: a new account.
    await leave();
    await signInThere(page, 'grace');
    await page.waitForURL(`${issuer}/account`);
    assert.match(await page.textContent('main'), /grace of oidc-provider/);
    // Who is linked comes in again, and finds the account on the page of linked ones.
    await context.clearCookies();
    await leave();
    await signInThere(page, 'grace');
    await page.waitForURL(`${issuer}/account`);
    await page.goto(`${issuer}/account/linked`);
    assert.match(await page.textContent('main'), /The other provider\s+grace@example.org/);
    assert.equal(await page.locator('ul.rows > li').count(), 1);
    assert.deepEqual(refused, []);
  } finally {
    await context.close();
    await server.stop();
  }
});
