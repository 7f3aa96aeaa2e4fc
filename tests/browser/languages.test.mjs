// The switch of languages, by people whose browsers run no scripts.

import assert from 'node:assert/strict';
import { browserTest } from './support.mjs';
import { signIn, startAtDemo } from './pages.mjs';

const spoken = (page) => page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);

browserTest(
  'the switch at the foot changes the language of a sign-in, which then goes on',
  async ({ page, server }) => {
    await startAtDemo(page, server);
    await page.waitForSelector('#login-submit');
    assert.deepEqual(await spoken(page), ['fr', 'ltr']);
    for (const language of ['ja', 'ar']) {
      await page.click('.languages > summary');
      await page.click(`button[name=language][value=${language}]`);
      await page.waitForSelector(`html[lang=${language}]`);
    }
    assert.deepEqual(await spoken(page), ['ar', 'rtl']);
    const [mark, heading] = await Promise.all(['.brand img', 'h1'].map((css) => page.locator(css).boundingBox()));
    assert.ok(mark.x > heading.x + heading.width / 2, 'the mark stands on the right');
    await signIn(page);
    await page.waitForSelector('#consent-allow');
    assert.deepEqual(await spoken(page), ['ar', 'rtl']);
    await page.click('#consent-allow');
    await page.waitForSelector('#claims');
    await page.goto(`${server.issuer}/account`);
    assert.deepEqual(await spoken(page), ['ar', 'rtl']);
  },
  { javaScriptEnabled: false, locale: 'fr-FR' },
);
