// oidc-client-ts (npm) as the relying party: an application that lives in the browser, on an origin of its own.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { assertSignedOut, signIn } from '../browser/pages.mjs';
import { browserTest } from '../browser/support.mjs';
import { demoUser } from '../countersign.mjs';

const file = '../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js';
const library = await readFile(new URL(file, import.meta.url));

/** What its developer writes: one page for everything, which finishes a sign-in or a sign-out when it was led back. */
const page = (settings) => `<!doctype html><meta charset="utf-8"><title>Relying party</title>
<script src="/oidc-client-ts.js"></script>
<script>
  const manager = new oidc.UserManager(${JSON.stringify(settings)});
  const happened = [];
  for (const event of ['UserLoaded', 'UserSignedOut', 'SilentRenewError'])
    manager.events['add' + event](() => happened.push(event));
  const failed = (problem) => ({ error: problem.error ?? String(problem) });
  const outcome = (promise) => promise.catch(failed);
  const callback = { '/callback': 'signinCallback', '/signed-out': 'signoutCallback' }[location.pathname];
  const result = callback ? outcome(manager[callback]()) : undefined;
</script>`;

async function serve(settings) {
  const server = createServer((request, answer) => {
    const isLibrary = request.url === '/oidc-client-ts.js';
    answer.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html');
    answer.end(isLibrary ? library : page(settings));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://localhost:${server.address().port}`;
  Object.assign(settings, { redirect_uri: `${origin}/callback`, post_logout_redirect_uri: `${origin}/signed-out` });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin, stop, settings };
}

/** A browser test with such an application, registered and open in `page`. */
function applicationTest(name, body, settings = {}) {
  browserTest(name, async ({ server, page, origins, ...more }) => {
    const app = await serve({
      authority: server.issuer,
      client_id: 'spa',
      scope: 'openid profile email',
      automaticSilentRenew: false,
      ...settings,
    });
    try {
      origins.push(app.origin);
      await server.command(
        ...['client', 'create', '--public', '--id', 'spa', '--name', 'oidc-client-ts'],
        ...['--redirect-uri', app.settings.redirect_uri, '--scope', 'openid profile email offline_access'],
        ...['--post-logout-redirect-uri', app.settings.post_logout_redirect_uri],
      );
      await page.goto(app.origin);
      await body({ server, page, app, origins, ...more });
    } finally {
      app.stop();
    }
  });
}

/** From the application to the application, by way of the pages of the provider. */
async function signInByRedirect(page, { consent = 'allow' } = {}) {
  await page.evaluate(() => void manager.signinRedirect({ state: { page: 'as it was' } }));
  await signIn(page);
  await page.click(`#consent-${consent}`);
  await page.waitForURL('**/callback?*');
  return page.evaluate(() => result);
}

const stored = (page) => page.evaluate(() => manager.getUser());
const silent = (page) => page.evaluate(() => outcome(manager.signinSilent()));

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
