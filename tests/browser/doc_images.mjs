// The pictures in docs/sign-in.md, one for each way to sign in, and in docs/administration.md, as small WebP files in
// docs/images: `make doc-images`.

import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { scenes } from './every_page.mjs';
import { launch } from './pages.mjs';

const folder = fileURLToPath(new URL('../../docs/images', import.meta.url));
const MOST_BYTES = 100_000;

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
  setup: 'first-start',
};

/** The same for the administrator's pages, which are shown as a whole window. */
const windows = {
  'admin-day': 'overview',
  'admin-client-kinds': 'application-kinds',
  'admin-client-checked': 'application-address',
  'admin-client-secret': 'application-settings',
  'admin-client-preview': 'application-preview',
  'admin-users': 'users',
  'admin-group': 'group',
  'admin-audit': 'audit-log',
  'admin-failure': 'why-did-this-fail',
  'admin-provider-kinds': 'provider-kinds',
  'admin-branding-typed': 'branding',
  'admin-scope': 'scope',
  'admin-webhook': 'webhook',
  'admin-policies': 'policies',
  'admin-keys': 'keys',
  'admin-mails': 'mail-outbox',
  'admin-delegations': 'delegation',
};
/** What stands on top of the window; elsewhere, the beginning of the page. */
const top = {
  'admin-branding-typed': '#g-choose',
  'admin-client-preview': '#g-id-token',
  'admin-client-secret': '.libraries',
  'admin-webhook': '#g-deliveries',
};
const WINDOW = { width: 1120, height: 900 };
const NARROW = { width: 560, height: 800 };

/** A PNG as WebP, by the browser's own encoder. */
async function webp(page, png, quality) {
  const text = await page.evaluate(async ({ png, quality }) => {
    const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext('2d').drawImage(bitmap, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/webp', quality });
    return btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())));
  }, { png: png.toString('base64'), quality });
  return Buffer.from(text, 'base64');
}

await mkdir(folder, { recursive: true });
const browser = await launch();
const encoder = await browser.newPage();
const taken = new Set();
for (const { start, pages } of scenes) {
  const server = await start();
  const looks = { viewport: NARROW, deviceScaleFactor: 1.5, locale: 'en', colorScheme: 'light' };
  const context = await browser.newContext({ ...looks, reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  for (const [name, visit] of Object.entries(pages)) {
    await visit(page, server);
    if (!(name in pictures) && !(name in windows)) continue;
    if (name in windows) await page.setViewportSize(WINDOW);
    // The ring around the field that one is in would look like a part of it.
    await page.evaluate(() => document.activeElement?.blur());
    await page.mouse.move(0, 0);
    await page.evaluate(() => scrollTo(0, 0));
    if (name in top) await page.$eval(top[name], (element) => element.scrollIntoView());
    const shown = name in windows ? page : page.locator('main');
    const picture = await shown.screenshot();
    let image = await webp(encoder, picture, 0.85);
    if (image.length >= MOST_BYTES) image = await webp(encoder, picture, 0.6);
    if (image.length >= MOST_BYTES) throw new Error(`${name} has ${image.length} bytes`);
    await writeFile(`${folder}/${pictures[name] ?? windows[name]}.webp`, image);
    await page.setViewportSize(NARROW);
    taken.add(name);
  }
  await context.close();
  await server.stop();
}
await browser.close();
const missing = Object.keys({ ...pictures, ...windows }).filter((name) => !taken.has(name));
if (missing.length) throw new Error(`No such pages: ${missing}`);
console.log(`The pictures are in ${folder}`);
