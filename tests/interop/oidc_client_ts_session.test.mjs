// oidc-client-ts (npm) where it watches the session at the provider (OpenID Connect Session Management), and where the
// response comes in the fragment.

import assert from 'node:assert/strict';
import { signIn } from '../browser/pages.mjs';
import { applicationTest, signInByRedirect, stored } from './oidc_client_ts.mjs';

const happened = (page) => page.evaluate(() => happened);

applicationTest('a sign-out in another tab is noticed', async ({ server, page, context }) => {
  const user = await signInByRedirect(page);
  assert.ok(user.session_state);
  // The first looks at the session find it as it was.
  await page.waitForTimeout(2500);
  assert.deepEqual(await happened(page), ['UserLoaded']);

  const elsewhere = await context.newPage();
  await elsewhere.goto(`${server.issuer}/logout`);
  await elsewhere.click('#logout-confirm');
  await elsewhere.waitForSelector('text=You are signed out');
  await page.waitForFunction(() => happened.includes('UserSignedOut'));
}, { monitorSession: true, checkSessionIntervalInSeconds: 1 });

applicationTest('a sign-out in another browser changes nothing here', async ({ server, page, newBrowser }) => {
  await signInByRedirect(page);
  const elsewhere = await (await newBrowser()).newPage();
  await elsewhere.goto(`${server.issuer}/login`);
  await signIn(elsewhere);
  await elsewhere.waitForURL((url) => url.pathname !== '/login');
  await elsewhere.goto(`${server.issuer}/logout`);
  await elsewhere.click('#logout-confirm');
  await elsewhere.waitForSelector('text=You are signed out');
  await page.waitForTimeout(2500);
  assert.deepEqual(await happened(page), ['UserLoaded']);
}, { monitorSession: true, checkSessionIntervalInSeconds: 1 });

applicationTest('the response in the fragment', async ({ server, page }) => {
  const back = page.waitForRequest((request) => new URL(request.url()).pathname === '/callback');
  const user = await signInByRedirect(page);
  assert.equal(new URL((await back).url()).search, '', 'nothing of it reaches the server of the application');
  assert.equal(user.error, undefined);
  assert.equal(user.profile.iss, server.issuer);
  assert.equal((await stored(page)).access_token, user.access_token);
}, { response_mode: 'fragment' });
