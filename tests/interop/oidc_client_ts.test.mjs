// oidc-client-ts (npm) as the relying party.

import assert from 'node:assert/strict';
import { assertSignedOut, signIn } from '../browser/pages.mjs';
import { demoUser } from '../countersign.mjs';
import { applicationTest, signInByRedirect, silent, stored } from './oidc_client_ts.mjs';

/** The status of an answer that a script of the page could read. */
const userinfo = (page, { issuer }, token) =>
  page.evaluate(
    ([url, authorization]) =>
      fetch(url, { headers: { authorization } }).then((answer) => answer.status, (problem) => problem.name),
    [`${issuer}/userinfo`, `Bearer ${token}`],
  );

applicationTest('code flow with PKCE by redirects, and UserInfo across origins', async ({ server, page, app }) => {
  const user = await signInByRedirect(page);
  assert.equal(user.error, undefined);
  assert.deepEqual(user.state, { page: 'as it was' });
  assert.equal(user.profile.iss, server.issuer);
  assert.equal(user.profile.aud, 'spa');
  assert.equal(user.profile.preferred_username, demoUser.username);
  assert.ok(user.refresh_token && user.access_token && user.id_token);
  await page.goto(app.origin);
  assert.equal((await stored(page)).access_token, user.access_token);
}, { loadUserInfo: true });

applicationTest('a refused consent reaches the application as access_denied', async ({ page }) => {
  assert.deepEqual(await signInByRedirect(page, { consent: 'deny' }), { error: 'access_denied' });
  assert.equal(await stored(page), null);
});

applicationTest('silent renewal by refresh token', async ({ page }) => {
  const first = await signInByRedirect(page);
  const second = await silent(page);
  assert.equal(second.error, undefined);
  assert.notEqual(second.access_token, first.access_token);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.profile.sub, first.profile.sub);
  assert.equal((await stored(page)).refresh_token, second.refresh_token);
});

applicationTest('tokens about to expire are renewed by themselves, again and again', async ({ page }) => {
  const first = await signInByRedirect(page);
  // The sign-in, its renewal, and the renewal of what that brought.
  await page.waitForFunction(() => happened.filter((event) => event === 'UserLoaded').length >= 3);
  assert.notEqual((await stored(page)).refresh_token, first.refresh_token);
  assert.ok(!(await page.evaluate(() => happened)).includes('SilentRenewError'));
}, { automaticSilentRenew: true, accessTokenExpiringNotificationTimeInSeconds: 299 });

applicationTest('silent sign-in in a hidden frame, while there is a session', async ({ server, page, context }) => {
  const first = await signInByRedirect(page);
  await page.evaluate(() => manager.removeUser());
  const second = await silent(page);
  assert.equal(second.error, undefined);
  assert.equal(second.profile.sub, first.profile.sub);
  assert.equal(second.profile.auth_time, first.profile.auth_time);

  const elsewhere = await context.newPage();
  await elsewhere.goto(`${server.issuer}/logout`);
  await elsewhere.click('#logout-confirm');
  await elsewhere.waitForSelector('text=You are signed out');
  await page.evaluate(() => manager.removeUser());
  assert.deepEqual(await silent(page), { error: 'login_required' });
});

applicationTest('sign-in in a popup, which closes by itself', async ({ page, context }) => {
  const opened = context.waitForEvent('page');
  await page.evaluate(() => void (window.popup = outcome(manager.signinPopup())));
  const popup = await opened;
  await signIn(popup);
  await Promise.all([popup.waitForEvent('close'), popup.click('#consent-allow')]);
  const user = await page.evaluate(() => popup);
  assert.equal(user.error, undefined);
  assert.equal(user.profile.preferred_username, demoUser.username);
}, { loadUserInfo: true });

applicationTest('revoked tokens are of no use any more', async ({ server, page }) => {
  const { access_token: token } = await signInByRedirect(page);
  assert.equal(await userinfo(page, server, token), 200);
  await page.evaluate(() => manager.revokeTokens());
  assert.equal(await userinfo(page, server, token), 401);
});

applicationTest('sign-out leads back to the application and ends the session', async ({ server, page, app }) => {
  await signInByRedirect(page);
  await page.evaluate(() => void manager.signoutRedirect({ state: 'bye' }));
  await page.waitForURL(`${app.origin}/signed-out?*`);
  assert.deepEqual((await page.evaluate(() => result)).userState, 'bye');
  assert.equal(await stored(page), null);
  assert.deepEqual(await silent(page), { error: 'login_required' });
  await assertSignedOut(page, server);
});

applicationTest('claims are closed to an origin that is not registered', async ({ server, page, app, origins }) => {
  const { access_token: token } = await signInByRedirect(page);
  assert.equal(await userinfo(page, server, token), 200);
  const foreign = app.origin.replace('localhost', '127.0.0.1');
  origins.push(foreign);
  await page.goto(foreign);
  assert.equal(await userinfo(page, server, token), 'TypeError');
});

applicationTest('the settings to paste are those that sign people in', async ({ server, page, app }) => {
  const text = await server.settings({ client_id: 'spa' }, 'oidc-client-ts');
  const pasted = await page.evaluate((text) => {
    const body = text.replace(/^import .*$/m, '').replace('export const manager =', 'return');
    const own = new Function('UserManager', body)(oidc.UserManager).settings;
    const named = [...text.matchAll(/^  (\w+):/gm)].map(([, name]) => name);
    return Object.fromEntries(named.map((name) => [name, own[name]]));
  }, text);
  // Each is a name that the library knows, with the value that the tests here sign people in with.
  const { authority, client_id, redirect_uri, post_logout_redirect_uri, scope } = app.settings;
  assert.deepEqual(pasted, { authority, client_id, redirect_uri, post_logout_redirect_uri, scope });
});

applicationTest('the settings to paste prove the key that tokens must be bound to', async ({ server, page, app }) => {
  await server.command('client', 'update', 'spa', '--dpop-bound-access-tokens');
  const text = await server.settings({ client_id: 'spa' }, 'oidc-client-ts');
  app.manager = text.replace(/^import (.*) from 'oidc-client-ts';$/m, 'const $1 = oidc;').replace('export ', '');
  await page.goto(app.origin);
  const user = await signInByRedirect(page);
  assert.equal(user.token_type, 'DPoP');
  const status = await page.evaluate(async (url) => {
    const user = await manager.getUser();
    const headers = { authorization: `DPoP ${user.access_token}`, dpop: await manager.dpopProof(url, user) };
    return (await fetch(url, { headers })).status;
  }, `${server.issuer}/userinfo`);
  assert.equal(status, 200);
});
