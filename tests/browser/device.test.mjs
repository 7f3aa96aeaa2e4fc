import assert from 'node:assert/strict';
import * as client from 'openid-client';
import { demoUser } from '../countersign.mjs';
import { television } from './every_page.mjs';
import { signIn } from './pages.mjs';
import { browserTest } from './support.mjs';

/** A television, as its maker would write it with openid-client. */
async function turnOn(server) {
  const { client_id } = await server.register({ ...television, client_uri: undefined });
  const insecure = { execute: [client.allowInsecureRequests] };
  const config = await client.discovery(new URL(server.issuer), client_id, {}, client.None(), insecure);
  const shown = await client.initiateDeviceAuthorization(config, { scope: 'openid profile offline_access' });
  assert.match(shown.user_code, /^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$/);
  return { config, shown, tokens: () => client.pollDeviceAuthorizationGrant(config, shown) };
}

browserTest('from the code on a television to its tokens, and again', async ({ server, page }) => {
  const { config, shown, tokens } = await turnOn(server);
  await page.goto(shown.verification_uri_complete);
  await signIn(page);
  assert.equal(await page.inputValue('#user_code'), shown.user_code);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#device-allow');
  assert.equal(await page.textContent('#code'), shown.user_code);
  assert.match(await page.textContent('#phishing'), /would get into your account/);
  // It asks meanwhile, as often as it was told.
  const waiting = tokens();
  await page.click('#device-allow');
  await page.waitForSelector('#device-done');
  assert.match(await page.textContent('main'), /go back to your device/);
  // Loading the page again decides nothing again.
  await page.reload();
  await page.waitForSelector('#device-done');
  const granted = await waiting;
  assert.equal(granted.claims().aud, config.clientMetadata().client_id);
  const { name } = await client.fetchUserInfo(config, granted.access_token, granted.claims().sub);
  assert.ok(name);
  const refreshed = await client.refreshTokenGrant(config, granted.refresh_token);
  assert.ok(refreshed.access_token);
});

browserTest('without scripts a code is typed by hand, and a no is a no', async ({ server, page }) => {
  const { shown, tokens } = await turnOn(server);
  await page.goto(shown.verification_uri);
  await signIn(page, demoUser);
  await page.fill('#user_code', 'BCDF GHJK');
  await page.click('#device-continue');
  assert.match(await page.textContent('[role=alert]'), /No device waits for this code/);
  await page.fill('#user_code', shown.user_code.toLowerCase().replace('-', ' '));
  await page.click('#device-continue');
  await page.click('#device-deny');
  await page.waitForSelector('#device-done');
  assert.match(await page.textContent('main'), /is not connected/);
  await assert.rejects(tokens(), (error) => error.error === 'access_denied');
}, { javaScriptEnabled: false });
