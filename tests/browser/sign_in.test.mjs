import assert from 'node:assert/strict';
import { demoUser } from '../countersign.mjs';
import { assertSignedOut, claims, mailed, mailedLink, signIn, signInThroughDemo, startAtDemo, timeBasedCode } from './pages.mjs';
import { browserTest } from './support.mjs';

browserTest('from the button of the demo to the claims of its user', async ({ server, page }) => {
  await startAtDemo(page, server);
  assert.equal(new URL(page.url()).origin, server.issuer);
  assert.equal(new URL(page.url()).pathname, '/login');
  await signIn(page);
  await page.waitForSelector('#consent-allow');
  assert.equal(new URL(page.url()).pathname, '/consent');
  await page.click('#consent-allow');

  const idToken = await claims(page);
  assert.equal(new URL(page.url()).origin, server.demo);
  assert.equal(idToken.iss, server.issuer);
  assert.ok(idToken.sub.length > 0);
  assert.ok([idToken.aud].flat().length === 1);
  assert.ok(idToken.nonce.length > 0);
  const now = Date.now() / 1000;
  assert.ok(idToken.iat <= now + 1 && idToken.iat > now - 60, `iat ${idToken.iat}`);
  assert.ok(idToken.exp > now && idToken.auth_time <= idToken.iat, `exp ${idToken.exp}, auth_time ${idToken.auth_time}`);

  const userinfo = JSON.parse(await page.textContent('#userinfo'));
  assert.equal(userinfo.sub, idToken.sub);
  assert.equal(userinfo.preferred_username, demoUser.username);
});

browserTest('a wrong password says so, makes no session, and the same form takes the right one', async ({ server, page, context }) => {
  await startAtDemo(page, server);
  await signIn(page, { ...demoUser, password: 'not the password' });
  const words = await page.textContent('[role=alert]');
  assert.equal(await page.inputValue('#password'), '');

  const other = await context.newPage();
  await assertSignedOut(other, server);
  await other.close();

  await startAtDemo(page, server);
  await signIn(page, { username: 'nobody', password: 'not the password' });
  assert.equal(await page.textContent('[role=alert]'), words, 'an unknown user is told the same');

  await signIn(page);
  await page.click('#consent-allow');
  assert.equal((await claims(page)).iss, server.issuer);
});

browserTest('a refused consent reaches the application as access_denied and is not remembered', async ({ server, page }) => {
  await startAtDemo(page, server);
  await signIn(page);
  await page.click('#consent-deny');
  await page.waitForURL(`${server.demo}/**`);
  assert.match(await page.textContent('main'), /access_denied/);
  assert.equal(await page.locator('#claims').count(), 0);

  await startAtDemo(page, server);
  await page.click('#consent-allow');
  assert.equal((await claims(page)).iss, server.issuer);
});

browserTest('a consent once given is remembered in another browser', async ({ server, page, newBrowser }) => {
  const first = await signInThroughDemo(page, server);
  const elsewhere = await (await newBrowser()).newPage();
  await startAtDemo(elsewhere, server);
  await signIn(elsewhere);
  assert.equal((await claims(elsewhere)).sub, first.sub);
});

browserTest('two tabs with a sign-in each both finish', async ({ server, page, context }) => {
  const other = await context.newPage();
  await startAtDemo(page, server);
  await startAtDemo(other, server);
  await other.waitForSelector('#login-submit');

  await signIn(page);
  await page.click('#consent-allow');
  const first = await claims(page);

  await signIn(other);
  const second = await claims(other);
  assert.equal(second.sub, first.sub);
  assert.notEqual(second.nonce, first.nonce);
});

browserTest('going back after the sign-in shows no password and ends in no dead end', async ({ server, page }) => {
  await signInThroughDemo(page, server);
  for (let step = 0; step < 3; step += 1) {
    await page.goBack();
    const password = page.locator('#password');
    if (await password.count()) assert.equal(await password.inputValue(), '');
    assert.ok((await page.textContent('h1')).trim(), `something to read at ${page.url()}`);
  }
  await page.goto(`${server.demo}/login`);
  assert.equal((await claims(page)).iss, server.issuer);
});

browserTest('the keyboard alone is enough to sign in', async ({ server, page }) => {
  await page.goto(server.demo);
  await tabTo(page, 'demo-login');
  await page.keyboard.press('Enter');
  await page.waitForSelector('#username');
  await tabTo(page, 'username');
  await page.keyboard.type(demoUser.username);
  await tabTo(page, 'password');
  await page.keyboard.type(demoUser.password);
  await page.keyboard.press('Enter');
  await page.waitForSelector('#consent-allow');
  await tabTo(page, 'consent-allow');
  await page.keyboard.press('Enter');
  assert.equal((await claims(page)).iss, server.issuer);
});

async function tabTo(page, id) {
  for (let presses = 0; presses < 15; presses += 1) {
    if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`#${id} is not reached with the Tab key`);
}

browserTest('signing in and out works with scripts switched off', async ({ server, page }) => {
  await signInThroughDemo(page, server);
  await page.goto(`${server.issuer}/account`);
  await page.waitForSelector('text="This device"');
  await page.goto(`${server.issuer}/logout`);
  await page.click('#logout-confirm');
  await assertSignedOut(page, server);
}, { javaScriptEnabled: false });

browserTest('everything about one’s own account works with scripts switched off', async ({ server, page, newBrowser }) => {
  const at = (path) => `${server.issuer}${path}`;
  const send = () => page.click('main form button[type=submit]');

  // A code by mail.
  await page.goto(at('/login'));
  await page.click('#login-email');
  await page.fill('#username', demoUser.username);
  await page.click('#code-send');
  await page.fill('#code', await mailed(server, 'demo@example.com', 'code'));
  await page.click('#code-submit');
  await page.waitForURL(at('/account'));

  await page.goto(at('/account/profile'));
  await page.fill('#name', 'Demo without scripts');
  await page.click('.save button');
  await page.waitForSelector('text=Your profile is saved');

  // A code alone is no fresh sign-in of the surest: a password is as sure here.
  await page.goto(at('/account/profile/address'));
  await page.fill('#email', 'demo@example.org');
  await send();
  await page.waitForSelector('text=waits to be confirmed');
  await page.goto(await mailedLink(server, '/verify-address'));
  await send();
  await page.waitForSelector('text=Your address is confirmed');

  await page.goto(at('/account/sign-in/app'));
  const key = await page.textContent('main code');
  await page.fill('#code', timeBasedCode(key));
  await send();
  const codes = await page.locator('.codes code').allTextContents();
  assert.equal(codes.length, 10);

  for (const second of [() => timeBasedCode(key, 1), () => codes[0]]) {
    const other = await (await newBrowser()).newPage();
    await other.goto(at('/account'));
    await signIn(other);
    await other.fill('#code', second());
    await other.click('main form button[type=submit]');
    await other.waitForURL(at('/account'));
  }

  await page.goto(at('/account/linked'));
  await page.goto(at('/account/activity'));
  await page.waitForSelector('text=Authenticator app set up');

  // A new password by mail, and then the second factor as before.
  const forgetful = await (await newBrowser()).newPage();
  await forgetful.goto(at('/login'));
  await forgetful.click('text=Forgot your password?');
  await forgetful.fill('#username', demoUser.username);
  await forgetful.click('#recover-submit');
  await forgetful.goto(await mailedLink(server, '/recover/password'));
  await forgetful.fill('#password', 'quiet violet harbour');
  await forgetful.click('#password-submit');
  await forgetful.fill('#code', codes[1]);
  await forgetful.click('main form button[type=submit]');
  await forgetful.waitForURL('**/account?done=password-changed');

  await forgetful.goto(at('/account/data'));
  await forgetful.click('.confirm > summary');
  await forgetful.fill('#username', demoUser.username);
  await forgetful.click('.confirm button[type=submit]');
  await forgetful.waitForSelector('text=Your account is deleted');
}, { javaScriptEnabled: false, variables: { COUNTERSIGN_SIGN_IN_EMAIL_CODE: 'true' } });
