import assert from 'node:assert/strict';
import { administrator, assertSignedOut, setUp, setupLink, signIn, signInThroughDemo } from './pages.mjs';
import { browserTest } from './support.mjs';

browserTest('the link from the terminal makes one administrator, once', async ({ server, page, newBrowser }) => {
  await setUp(page, server);
  await page.goto(`${server.issuer}/admin`);
  if (await page.locator('#login-submit').count()) await signIn(page, administrator);
  await page.waitForSelector('text=Signing and encryption keys');

  const elsewhere = await (await newBrowser()).newPage();
  const answer = await elsewhere.goto(setupLink(server));
  assert.ok(answer.status() >= 400 && answer.status() < 500, `a used link answers ${answer.status()}`);
  assert.equal(await elsewhere.locator('#setup-submit').count(), 0);
});

browserTest('the administration is closed to other users and to strangers', async ({ server, page, newBrowser }) => {
  const paths = ['/admin', '/admin/clients', '/admin/clients/new', '/admin/users'];
  const stranger = await (await newBrowser()).newPage();
  for (const path of paths) {
    await stranger.goto(server.issuer + path);
    assert.equal(new URL(stranger.url()).pathname, '/login', path);
  }

  await signInThroughDemo(page, server);
  for (const path of paths) {
    const answer = await page.goto(server.issuer + path);
    assert.equal(answer.status(), 403, path);
  }
});

browserTest('an administrator registers an application and a user who can sign in', async ({ server, page, newBrowser }) => {
  await setUp(page, server);
  await page.goto(`${server.issuer}/admin/clients/new`);
  if (await page.locator('#login-submit').count()) await signIn(page, administrator);
  await page.click('text=Web application');
  await page.fill('#name', 'Bookshop');
  await page.fill('#redirect_uris', 'https://bookshop.example/callback');
  await page.click('text=Register application');
  assert.ok((await page.textContent('#client-secret')).length >= 43, '256 bits at least');
  await page.goto(`${server.issuer}/admin/clients`);
  await page.click('text=Bookshop');
  await page.waitForSelector('#redirect_uris');
  assert.equal(await page.locator('#client-secret').count(), 0, 'the secret is shown once');

  const reader = { username: 'reader', password: 'seven quiet reading rooms' };
  await page.goto(`${server.issuer}/admin/users/new`);
  await page.fill('#username', reader.username);
  await page.fill('#password', reader.password);
  await page.click('main form button[type=submit]');
  await page.goto(`${server.issuer}/admin/users`);
  await page.waitForSelector('text=reader');

  const elsewhere = await (await newBrowser()).newPage();
  await elsewhere.goto(`${server.issuer}/login`);
  await signIn(elsewhere, reader);
  await elsewhere.goto(`${server.issuer}/account`);
  await elsewhere.waitForSelector('text="This device"');

  await page.click('text=reader');
  const signOut = page.locator('section[aria-labelledby=g-sessions]');
  await signOut.locator('summary').click();
  await signOut.locator('details button').click();
  await signOut.locator('text=Not signed in anywhere').waitFor();
  await assertSignedOut(elsewhere, server);
});

browserTest('what is wrong with a form is said, and nothing of it is stored', async ({ server, page }) => {
  await setUp(page, server);
  await page.goto(`${server.issuer}/admin/clients/new/other`);
  if (await page.locator('#login-submit').count()) await signIn(page, administrator);
  await page.fill('#name', 'Broken');
  await page.fill('#redirect_uris', 'https://broken.example/callback#fragment');
  await page.click('main form button[type=submit]');
  await page.waitForSelector('[role=alert]');
  assert.equal(await page.inputValue('#name'), 'Broken');
  await page.goto(`${server.issuer}/admin/clients`);
  await page.waitForSelector('h1');
  assert.equal(await page.locator('text=Broken').count(), 0);
});

browserTest('settings are copied by a button, and the page says so', async ({ server, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: server.issuer });
  await setUp(page, server);
  await page.goto(`${server.issuer}/admin/clients/new/web`);
  if (await page.locator('#login-submit').count()) await signIn(page, administrator);
  await page.fill('#name', 'Bookshop');
  await page.fill('#redirect_uris', 'https://bookshop.example/callback');
  await page.keyboard.press('Tab');
  await page.focus('#name');
  await page.keyboard.press('Enter');
  const secret = await page.textContent('#client-secret');
  const authlib = page.locator('.libraries details', { hasText: 'Authlib' });
  await authlib.locator('summary').click();
  await page.evaluate(() => {
    window.copied = [];
    navigator.clipboard.writeText = async (text) => void copied.push(text);
  });
  await authlib.locator('button.copy').click();
  await page.waitForSelector('button.copy:text("Copied")');
  const [text] = await page.evaluate(() => copied);
  assert.ok(text.includes(`client_secret="${secret}"`), text);

  // Where the browser does not allow it, the text is marked for the keyboard.
  await page.evaluate(() => {
    navigator.clipboard.writeText = () => Promise.reject(new DOMException('no', 'NotAllowedError'));
  });
  await page.waitForSelector('.libraries details[open] button.copy:text-is("Copy")');
  await authlib.locator('button.copy').click();
  await page.waitForSelector('button.copy:text("Marked")');
  assert.equal(await page.evaluate(() => String(getSelection()).trim()), text.trim());
});

browserTest('the menu of the console opens on a phone and closes, also when the window has grown', async ({ server, page }) => {
  await setUp(page, server);
  await page.goto(`${server.issuer}/admin`);
  if (await page.locator('#login-submit').count()) await signIn(page, administrator);
  const [menu, close] = [page.locator('#side-nav'), page.locator('.side-close')];
  const phone = { width: 390, height: 800 };
  for (const grown of [phone, { width: 1200, height: 800 }]) {
    await page.setViewportSize(phone);
    assert.equal(await menu.isVisible(), false);
    await page.click('.side-open');
    assert.equal(await close.isVisible(), true);
    await page.setViewportSize(grown);
    await close.click();
    assert.equal(await close.isVisible(), false);
    assert.equal(await menu.isVisible(), grown !== phone);
  }
});
