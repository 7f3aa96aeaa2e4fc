// The pictures in docs/sign-in.md, one for each way to sign in, as small WebP files in docs/images: `make doc-images`.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { scenes } from './every_page.mjs';
import { launch } from './pages.mjs';

const folder = fileURLToPath(new URL('../../docs/images', import.meta.url));
const MOST_BYTES = 60_000;

/** Pages, by their names in every_page.mjs, and what their pictures are called. */
const pictures = {
  'sign-in': 'password',
  'new-passkey': 'passkey',
  'code-enter': 'code-by-mail',
  'new-app': 'authenticator-app',
  'recovery-codes': 'recovery-codes',
  'sign-in-elsewhere': 'account-elsewhere',
  invitation: 'invitation',
  recover: 'recovery',
};

/** A PNG as WebP, by the browser's own encoder. */
async function webp(page, png) {
  const text = await page.evaluate(async (png) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality: 0.85 });
    return btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
  }, png.toString('base64'));
  return Buffer.from(text, 'base64');
}

await mkdir(folder, { recursive: true });
const browser = await launch();
const encoder = await browser.newPage();
const taken = new Set();
for (const { start, pages } of scenes) {
  const server = await start();
  const looks = { viewport: { width: 560, height: 800 }, deviceScaleFactor: 1.5, locale: 'en', colorScheme: 'light' };
  const context = await browser.newContext({ ...looks, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  for (const [name, visit] of Object.entries(pages)) {
    await visit(page, server);
    if (!(name in pictures)) continue;
    // The ring around the field that one is in would look like a part of it.
    await page.evaluate(() => document.activeElement?.blur());
    const image = await webp(encoder, await page.locator('main').screenshot());
    if (image.length >= MOST_BYTES) throw new Error(`${name} has ${image.length} bytes`);
    await writeFile(`${folder}/${pictures[name]}.webp`, image);
    taken.add(name);
  }
  await context.close();
  await server.stop();
}
await browser.close();
const missing = Object.keys(pictures).filter((name) => !taken.has(name));
if (missing.length) throw new Error(`No such pages: ${missing}`);
console.log(`The pictures are in ${folder}`);
