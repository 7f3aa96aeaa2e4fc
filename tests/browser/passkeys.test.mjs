import assert from 'node:assert/strict';
import { demoUser } from '../countersign.mjs';
import { authenticator, claims, mailedLink, signIn, startAtDemo } from './pages.mjs';
import { browserTest } from './support.mjs';

const ACR = 'urn:countersign:acr:phishing-resistant';

/** Signs in with the password, and adds a passkey called `name`. */
async function addPasskey(page, server, name) {
  await page.goto(`${server.issuer}/account/sign-in/passkeys`);
  if (await page.locator('#login-submit').count()) await signIn(page);
  await page.fill('#name', name);
  await page.click('#passkey-submit');
  await page.waitForURL('**/account/sign-in?done=passkey-added');
}

browserTest('a passkey is added, named, used without a user name, and removed', async ({ server, page, context, newBrowser }) => {
  const key = await authenticator(context, page);
  await addPasskey(page, server, 'My laptop');
  assert.match(await page.textContent('main'), /My laptop/);
  assert.equal(new URL(await mailedLink(server, '/account')).origin, server.issuer);
  assert.match(server.output(), /subject {2}A passkey was added to your account/);
  const [credential] = await key.credentials();
  assert.equal(credential.isResidentCredential, true);
  assert.equal(credential.rpId, 'localhost');

  // Elsewhere, with the same key: no user name, no password.
  const other = await newBrowser();
  const elsewhere = await other.newPage();
  const same = await authenticator(other, elsewhere);
  await same.isPresent(false); // no answer to the autofill; the button is what is tested
  await same.add(credential);
  await startAtDemo(elsewhere, server);
  await elsewhere.waitForSelector('#passkey-submit');
  await same.isPresent(true);
  await elsewhere.click('#passkey-submit').catch(() => {});
  await elsewhere.click('#consent-allow');
  const idToken = await claims(elsewhere);
  assert.equal(idToken.acr, ACR);
  assert.deepEqual(idToken.amr, ['pop', 'user', 'mfa']);

  await page.click('summary:has-text("Rename")');
  await page.fill('#name-1', 'Old laptop');
  await page.click('button:has-text("Save")');
  await page.waitForURL('**/account/sign-in?done=passkey-renamed');
  assert.match(await page.textContent('main'), /Old laptop/);
  await page.click('summary:has-text("Remove")');
  await page.click('button:has-text("Remove passkey")');
  await page.waitForURL('**/account/sign-in?done=passkey-removed');

  // It opens nothing any more.
  const again = await newBrowser();
  const third = await again.newPage();
  const removed = await authenticator(again, third);
  await removed.isPresent(false);
  await removed.add((await same.credentials())[0]);
  await startAtDemo(third, server);
  await third.waitForSelector('#passkey-submit');
  await removed.isPresent(true);
  await third.click('#passkey-submit').catch(() => {});
  await third.waitForSelector('#problem');
});

/** Waits until the key holds so many passkeys. */
async function holds(key, number) {
  for (let waited = 0; waited < 50; waited += 1) {
    if ((await key.credentials()).length === number) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.equal((await key.credentials()).length, number);
}

browserTest('a key forgets a passkey that was removed, or that is unknown when it is tried, and learns a new name', async ({ server, page, context, newBrowser }) => {
  const key = await authenticator(context, page);
  await addPasskey(page, server, 'My laptop');
  const [credential] = await key.credentials();
  assert.ok(await page.evaluate(() => 'signalUnknownCredential' in PublicKeyCredential), 'this Chromium takes signals');
  // What the server calls the user replaces what the key has.
  await key.clear();
  await key.add({ ...credential, userName: 'former', userDisplayName: 'Former' });
  await page.goto(`${server.issuer}/account/sign-in`);
  for (let waited = 0; waited < 50 && (await key.credentials())[0].userName === 'former'; waited += 1) {
    await new Promise((done) => setTimeout(done, 100));
  }
  assert.notEqual((await key.credentials())[0].userName, 'former');

  await page.click('summary:has-text("Remove")');
  await page.click('button:has-text("Remove passkey")');
  await page.waitForURL('**/account/sign-in?done=passkey-removed');
  await holds(key, 0);

  const other = await newBrowser();
  const elsewhere = await other.newPage();
  const copy = await authenticator(other, elsewhere);
  await copy.isPresent(false);
  await copy.add(credential);
  await startAtDemo(elsewhere, server);
  await elsewhere.waitForSelector('#passkey-submit');
  await copy.isPresent(true);
  await elsewhere.click('#passkey-submit').catch(() => {});
  await elsewhere.waitForSelector('#problem');
  await holds(copy, 0);
});

browserTest('the browser offers the passkey among the user names', async ({ server, page, context }) => {
  await authenticator(context, page);
  await addPasskey(page, server, 'My phone');
  await page.click('button:has-text("Sign out")');
  // The simulated key answers the autofill at once, as somebody would who picks the suggestion.
  await startAtDemo(page, server);
  await page.click('#consent-allow');
  assert.equal((await claims(page)).acr, ACR);
});

browserTest('a key that does not check its user, and one whose counter went back, open nothing', async ({ server, page, context, newBrowser }) => {
  const key = await authenticator(context, page);
  await addPasskey(page, server, 'My laptop');
  const [credential] = await key.credentials();

  const other = await newBrowser();
  const elsewhere = await other.newPage();
  const unverified = await authenticator(other, elsewhere);
  await unverified.isPresent(false);
  await unverified.add(credential);
  await startAtDemo(elsewhere, server);
  await elsewhere.waitForSelector('#passkey-submit');
  await unverified.verifiesUser(false);
  await unverified.isPresent(true);
  await elsewhere.click('#passkey-submit').catch(() => {});
  await elsewhere.waitForSelector('#passkey-problem:not([hidden])');

  // Used once, and then again with the counter that it had before: somebody copied it.
  await unverified.verifiesUser(true);
  await elsewhere.click('#passkey-submit').catch(() => {});
  await elsewhere.waitForSelector('#consent-allow');
  const copied = await newBrowser();
  const thief = await copied.newPage();
  const copy = await authenticator(copied, thief);
  await copy.isPresent(false);
  await copy.add({ ...credential, signCount: 0 });
  await startAtDemo(thief, server);
  await thief.waitForSelector('#passkey-submit');
  await copy.isPresent(true);
  await thief.click('#passkey-submit').catch(() => {});
  await thief.waitForSelector('#problem');
});

browserTest('a key that has a passkey for the account makes no second one', async ({ server, page, context }) => {
  const key = await authenticator(context, page);
  await addPasskey(page, server, 'My laptop');
  await page.goto(`${server.issuer}/account/sign-in/passkeys`);
  await page.click('#passkey-submit');
  await page.waitForSelector('[role=alert]:not([hidden])');
  assert.equal((await key.credentials()).length, 1);
});

browserTest('without scripts the sign-in page has its password and no dead button', async ({ server, newBrowser }) => {
  const context = await newBrowser();
  const page = await context.newPage();
  await page.goto(`${server.issuer}/account`);
  assert.equal(await page.isVisible('#passkey-submit'), false);
  await signIn(page, demoUser);
  await page.waitForURL('**/account');
}, { javaScriptEnabled: false });
