// A picture of every page, light, dark and on a phone, and of some in other languages, on the narrowest of phones too, in
// target/screenshots: `make screenshots`.

import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { demoUser, quickstart } from '../countersign.mjs';
import { scenes, shownCode, television } from './every_page.mjs';
import { launch, signIn, startAtDemo } from './pages.mjs';

const folder = fileURLToPath(new URL('../../target/screenshots', import.meta.url));

const looks = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const browser = await launch();
for (const [look, options] of Object.entries(looks)) {
  for (const { start, pages } of scenes) {
    const server = await start();
    const page = await (await browser.newContext(options)).newPage();
    page.setDefaultTimeout(10_000);
    for (const [name, visit] of Object.entries(pages)) {
      try {
        await visit(page, server);
        await page.screenshot({ path: `${folder}/${name}-${look}.png`, fullPage: true });
      } catch (problem) {
        console.error(`No picture of ${name}, ${look}: ${problem.message}`);
        process.exitCode = 1;
      }
    }
    await page.context().close();
    await server.stop();
  }
}

const server = await quickstart();
const { client_id: device } = await server.register(television);
for (const locale of ['ar', 'de', 'ja']) {
  for (const [width, viewport] of Object.entries({ narrow: { width: 320, height: 640 }, wide: looks.light.viewport })) {
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ locale, viewport, colorScheme });
      const page = await context.newPage();
      page.setDefaultTimeout(10_000);
      const take = async (name) => {
        const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (sideways > 0) throw new Error(`${name} is ${sideways} px too wide in ${locale}, ${width}`);
        await page.screenshot({ path: `${folder}/${name}-${locale}-${width}-${colorScheme}.png`, fullPage: true });
      };
      try {
        await startAtDemo(page, server);
        await page.waitForSelector('#login-submit');
        await page.click('.languages > summary');
        await take('sign-in');
        await signIn(page, { ...demoUser, password: 'wrong' });
        await page.waitForSelector('[role=alert]');
        await take('sign-in-wrong');
        await signIn(page);
        await page.waitForSelector('#consent-deny');
        await take('consent');
        for (const name of ['account', 'account/profile', 'account/activity', 'account/data']) {
          await page.goto(`${server.issuer}/${name}`);
          await take(name.replace('/', '-'));
        }
        await page.goto(`${server.issuer}/device?user_code=${await shownCode(server, device)}`);
        await take('device');
        await page.click('#device-continue');
        await page.waitForSelector('#device-allow');
        await take('device-allow');
        await page.click('#device-allow');
        await page.waitForSelector('#device-done');
        await take('device-allowed');
        await page.goto(`${server.issuer}/authorize?client_id=nobody`);
        await take('error');
      } catch (problem) {
        console.error(`No picture in ${locale}, ${width}, ${colorScheme}: ${problem.message}`);
        process.exitCode = 1;
      }
      await context.close();
    }
  }
}
await server.stop();
await browser.close();
console.log(`The pictures are in ${folder}`);
