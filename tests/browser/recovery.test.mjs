import assert from 'node:assert/strict';
import { demoUser } from '../countersign.mjs';
import { mailedLink, signIn } from './pages.mjs';
import { browserTest } from './support.mjs';

const password = 'quiet violet harbour';

browserTest('a forgotten password is replaced by mail', async ({ server, page, newBrowser }) => {
  await page.goto(`${server.issuer}/login`);
  await page.click('text=Forgot your password?');
  await page.fill('#username', demoUser.username);
  await page.click('#recover-submit');
  await page.waitForSelector('text=Look into your mail');

  const mailed = await (await newBrowser()).newPage();
  await mailed.goto(await mailedLink(server, '/recover/password'));
  await mailed.fill('#password', 'demo@example.com');
  await mailed.click('#password-submit');
  assert.match(await mailed.textContent('[role=alert]'), /made of your name/);
  await mailed.fill('#password', password);
  await mailed.click('#password-submit');
  await mailed.waitForURL('**/account?done=password-changed');
  await mailedLink(server, '/recover');

  // Back where it began.
  await page.click('text=Back to signing in');
  await signIn(page);
  await page.waitForSelector('[role=alert]');
  await signIn(page, { ...demoUser, password });
  await page.waitForURL('**/account');
});
