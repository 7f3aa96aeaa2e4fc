import assert from 'node:assert/strict';
import { assertSignedOut, claims, signIn, signInThroughDemo, startAtDemo } from './pages.mjs';
import { browserTest } from './support.mjs';

browserTest('signing out of the demo ends the session, and the demo asks again', async ({ server, page }) => {
  await signInThroughDemo(page, server);
  await page.click('#demo-logout');
  await page.waitForSelector('#demo-login, #logout-confirm');
  if (await page.locator('#logout-confirm').count()) await page.click('#logout-confirm');
  await page.waitForSelector('#demo-login');
  assert.equal(new URL(page.url()).origin, server.demo);
  await assertSignedOut(page, server);

  await startAtDemo(page, server);
  await signIn(page);
  assert.equal((await claims(page)).iss, server.issuer);
});

browserTest('signing out without an application asks first, and going back reveals nothing', async ({ server, page }) => {
  await signInThroughDemo(page, server);
  await page.goto(`${server.issuer}/account`);
  await page.waitForSelector('text="This device"');

  await page.goto(`${server.issuer}/logout`);
  await page.waitForSelector('#logout-confirm');
  const stillIn = await page.context().newPage();
  await stillIn.goto(`${server.issuer}/account`);
  await stillIn.waitForSelector('text="This device"');
  await stillIn.close();

  await page.click('#logout-confirm');
  await page.waitForSelector('text=You are signed out');
  await page.goBack();
  await page.goBack();
  assert.equal(await page.locator('text="This device"').count(), 0, `at ${page.url()}`);
  await assertSignedOut(page, server);
});

browserTest('the account page lists the sessions and signs another browser out', async ({ server, page, newBrowser }) => {
  await signInThroughDemo(page, server);
  const elsewhere = await (await newBrowser()).newPage();
  await startAtDemo(elsewhere, server);
  await signIn(elsewhere);
  await claims(elsewhere);

  await page.goto(`${server.issuer}/account`);
  const sessions = page.locator('section[aria-labelledby=devices] li');
  await sessions.first().waitFor();
  assert.equal(await sessions.count(), 2);
  assert.equal(await sessions.filter({ hasText: 'This device' }).count(), 1);
  assert.match(await sessions.first().textContent(), /127\.0\.0\.1|::1/);

  await sessions.filter({ hasNotText: 'This device' }).locator('button').click();
  await page.waitForFunction(() => document.querySelectorAll('section[aria-labelledby=devices] li').length === 1);
  await assertSignedOut(elsewhere, server);

  await sessions.locator('button').click();
  await assertSignedOut(page, server);
});

browserTest('access taken back on the account page is asked for again', async ({ server, page }) => {
  await signInThroughDemo(page, server);
  await page.goto(`${server.issuer}/account`);
  const apps = page.locator('section[aria-labelledby=apps]');
  await apps.locator('summary').click();
  await apps.locator('button').click();
  await apps.locator('text=None yet').waitFor();
  await page.goto(`${server.demo}/login`);
  await page.click('#consent-allow');
  assert.equal((await claims(page)).iss, server.issuer);
});
