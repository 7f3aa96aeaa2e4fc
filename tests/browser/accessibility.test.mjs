// What holds on every page: nothing that axe-core objects to, light and dark; below 60 kB with all that it loads, and all of
// that from here; no sideways scrolling on the narrowest of phones (WCAG 2.2 §1.4.10: 320 CSS pixels).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { scenes } from './every_page.mjs';
import { launch } from './pages.mjs';
import { watch } from './support.mjs';

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const WIDE = { width: 1280, height: 800 };
const NARROW = { width: 320, height: 640 };
const MOST_BYTES = 60_000;

/** What axe-core objects to, each with the element and why. */
function objections(page, options = {}) {
  return page.evaluate(async (options) => {
    const { violations } = await axe.run(document, { resultTypes: ['violations'], ...options });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary}`),
    );
  }, options);
}

/** The page with everything that it loaded, whether it came from the browser's cache or not. */
function weight(page) {
  return page.evaluate(() =>
    ['navigation', 'resource']
      .flatMap((type) => performance.getEntriesByType(type))
      .reduce((bytes, entry) => bytes + entry.decodedBodySize, 0),
  );
}

/** Goes through the pages of one server; answers what is wrong, and how many they were. */
async function visitAll({ start, pages }, browser) {
  const found = [];
  const server = await start();
  try {
    const context = await browser.newContext({ viewport: WIDE, reducedMotion: 'reduce' });
    watch(context, [server.issuer, server.demo, server.upstream], found, server.upstream);
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    for (const [name, visit] of Object.entries(pages)) {
      await visit(page, server);
      await page.waitForLoadState();
      await page.evaluate(axe);
      found.push(...(await objections(page)).map((objection) => `${name}: ${objection}`));
      await page.emulateMedia({ colorScheme: 'dark' });
      const dark = await objections(page, { runOnly: ['color-contrast', 'link-in-text-block'] });
      found.push(...dark.map((objection) => `${name}, dark: ${objection}`));
      await page.emulateMedia({ colorScheme: 'light' });
      const bytes = await weight(page);
      if (!(bytes > 1_000 && bytes < MOST_BYTES)) found.push(`${name}: ${bytes} bytes`);
      await page.setViewportSize(NARROW);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (sideways > 0) found.push(`${name}: ${sideways} px too wide for a narrow phone`);
      await page.setViewportSize(WIDE);
    }
    await context.close();
  } finally {
    await server.stop();
  }
  return found;
}

test('every page is for everybody, light, and from here alone', { timeout: 300_000 }, async () => {
  const browser = await launch();
  try {
    for (const scene of scenes) assert.deepEqual(await visitAll(scene, browser), []);
    assert.ok(scenes.flatMap(({ pages }) => Object.keys(pages)).length >= 60, 'all pages are visited');
  } finally {
    await browser.close();
  }
});
