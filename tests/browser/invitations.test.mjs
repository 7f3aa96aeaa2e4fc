import assert from 'node:assert/strict';
import { authenticator, claims, invite, mailAsShown, setUp } from './pages.mjs';
import { browserTest } from './support.mjs';

/** A browser with a key, at the page of a new invitation. */
async function invited(server, page, newBrowser, address) {
  await setUp(page, server);
  const link = await invite(page, server, address);
  const context = await newBrowser();
  const theirs = await context.newPage();
  const key = await authenticator(context, theirs);
  await theirs.goto(link);
  return { theirs, key, link };
}

browserTest('from the invitation by a passkey to the application, in two clicks', async ({ server, page, newBrowser }) => {
  const { theirs, key, link } = await invited(server, page, newBrowser, 'ada@example.com');
  // The mail as it is read, and the button in it.
  await theirs.goto('about:blank');
  await theirs.setContent(await mailAsShown(server, 'ada@example.com'));
  await theirs.click('a.button');
  assert.equal(theirs.url(), link);
  assert.equal(await theirs.inputValue('#username'), 'ada');
  await theirs.click('#passkey-submit');
  await theirs.click('#consent-allow');
  const idToken = await claims(theirs);
  assert.deepEqual(idToken.amr, ['pop', 'user', 'mfa']);
  assert.equal(new URL(theirs.url()).origin, server.demo);
  const [credential] = await key.credentials();
  assert.equal(credential.isResidentCredential, true);
  assert.equal(credential.userName ?? 'ada', 'ada', 'the device knows it by the name that was chosen');

  // The passkey is the account's: it signs in again, and the link is dead.
  await theirs.goto(`${server.issuer}/account/sign-in`);
  assert.match(await theirs.textContent('main'), /Your account has none|Chrome on Linux/);
  await theirs.goto(link);
  assert.match(await theirs.textContent('main'), /This link was used already/);
  await theirs.context().clearCookies();
  await theirs.goto(`${server.issuer}/account`);
  await theirs.waitForURL('**/account');
  assert.match(await theirs.textContent('main'), /ada@example.com/);
});

browserTest('a passkey that was made is kept while the user name is mended', async ({ server, page, newBrowser }) => {
  const { theirs, key } = await invited(server, page, newBrowser, 'ada@example.com');
  await theirs.fill('#username', '');
  await theirs.click('#passkey-submit');
  assert.equal((await key.credentials()).length, 0, 'no passkey for nobody');
  await theirs.fill('#username', 'demo');
  await theirs.fill('#name', 'Ada L');
  await theirs.click('#passkey-submit');
  await theirs.waitForSelector('#username-problem');
  assert.match(await theirs.textContent('main'), /Your passkey is made/);
  assert.equal(await theirs.inputValue('#name'), 'Ada L');
  assert.equal(await theirs.locator('#password').count(), 0);
  await theirs.fill('#username', 'lovelace');
  await theirs.click('#invitation-submit');
  await theirs.click('#consent-allow');
  assert.equal((await claims(theirs)).acr, 'urn:countersign:acr:phishing-resistant');
  assert.equal((await key.credentials()).length, 1, 'one passkey was enough');
});

browserTest('without scripts a password makes the account, and there is no dead button', async ({ server, page, newBrowser }) => {
  await setUp(page, server);
  const link = await invite(page, server, 'ada@example.com');
  const theirs = await (await newBrowser()).newPage();
  await theirs.goto(link);
  assert.equal(await theirs.isVisible('#passkey-submit'), false);
  await theirs.fill('#password', 'a ladder and a lantern');
  await theirs.click('#invitation-submit');
  await theirs.click('#consent-allow');
  assert.deepEqual((await claims(theirs)).amr, ['pwd']);
}, { javaScriptEnabled: false });
