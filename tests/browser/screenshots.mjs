// A picture of every page, light, dark and on a phone, and of some in other languages, on the narrowest of phones too, in
// target/screenshots: `make screenshots`.

import { createHmac } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { demoUser, quickstart } from '../countersign.mjs';
import { administrator, launch, setupLink, signIn, startAtDemo } from './pages.mjs';

const folder = fileURLToPath(new URL('../../target/screenshots', import.meta.url));

const looks = {
  light: { viewport: { width: 1280, height: 800 }, colorScheme: 'light' },
  dark: { viewport: { width: 1280, height: 800 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
};

/** An application that registers itself, in the demo's place. */
const unverified = (origin) => ({
  client_name: 'Lighthouse Travel',
  client_uri: 'https://travel.example',
  policy_uri: 'https://travel.example/privacy',
  redirect_uris: [`${origin}/callback`],
  token_endpoint_auth_method: 'none',
});

/** An authorization request for everything. */
const authorization = (issuer, fields) =>
  `${issuer}/authorize?${new URLSearchParams({
    response_type: 'code',
    scope: 'openid profile email address phone',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...fields,
  })}`;

/** What an authenticator app shows now (RFC 6238). */
function timeBasedCode(key) {
  const bits = [...key.replaceAll(' ', '')]
    .map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'))
    .join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', secret).update(step).digest();
  const number = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, '0');
}

/** In the order in which a person meets them. */
const pages = {
  'demo-home': (page, { demo }) => page.goto(demo),
  'sign-in': (page, server) => startAtDemo(page, server),
  'sign-in-wrong': (page) => signIn(page, { ...demoUser, password: 'wrong' }).then(() => page.waitForSelector('[role=alert]')),
  consent: (page) => signIn(page).then(() => page.waitForSelector('#consent-deny')),
  'demo-problem': (page) => page.click('#consent-deny').then(() => page.waitForSelector('text=access_denied')),
  'demo-claims': async (page, server) => {
    await startAtDemo(page, server);
    await page.click('#consent-allow');
    await page.waitForSelector('#claims');
  },
  'choose-account': async (page, server) => {
    const demo = { client_id: 'acme-notes', redirect_uri: `${server.demo}/callback` };
    await page.goto(authorization(server.issuer, { ...demo, prompt: 'select_account' }));
    await page.waitForSelector('#login-continue');
  },
  account: (page, { issuer }) => page.goto(`${issuer}/account`),
  forbidden: (page, { issuer }) => page.goto(`${issuer}/admin`),
  'sign-up': async (page, { issuer }) => {
    await page.context().clearCookies();
    await page.goto(`${issuer}/sign-up`);
  },
  'sign-in-unverified': async (page, { issuer, demo }) => {
    const answer = await page.request.post(`${issuer}/register`, { data: unverified(demo) });
    const { client_id, redirect_uris: [redirect_uri] } = await answer.json();
    await page.goto(authorization(issuer, { client_id, redirect_uri }));
    await page.waitForSelector('#unverified');
  },
  'consent-unverified': (page) => signIn(page).then(() => page.waitForSelector('#consent-deny')),
  'sign-out': async (page, { issuer }) => {
    await page.goto(`${issuer}/logout`);
  },
  'signed-out': (page) => page.click('#logout-confirm').then(() => page.waitForSelector('text=You are signed out')),
  error: (page, { issuer }) => page.goto(`${issuer}/authorize?client_id=nobody&response_type=code`),
  setup: (page, server) => page.goto(setupLink(server)),
  'setup-done': async (page) => {
    await page.fill('#username', administrator.username);
    await page.fill('#password', administrator.password);
    await page.click('#setup-submit');
    await page.waitForSelector('text=is the administrator');
  },
  admin: async (page, { issuer }) => {
    await page.goto(`${issuer}/admin`);
    if (await page.locator('#login-submit').count()) await signIn(page, administrator);
    await page.waitForSelector('text=Signing and encryption keys');
  },
  'admin-clients': (page, { issuer }) => page.goto(`${issuer}/admin/clients`),
  'admin-client-new': (page, { issuer }) => page.goto(`${issuer}/admin/clients/new`),
  'admin-client-wrong': async (page) => {
    await page.fill('#name', 'Bookshop');
    await page.fill('#redirect_uris', 'https://bookshop.example/callback#fragment');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('[role=alert]');
  },
  'admin-client-secret': async (page) => {
    await page.fill('#redirect_uris', 'https://bookshop.example/callback');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('#client-secret');
  },
  'admin-users': (page, { issuer }) => page.goto(`${issuer}/admin/users`),
  'admin-user': (page) => page.click('th a').then(() => page.waitForSelector('#g-danger')),
  'admin-failures': async (page, { issuer, demo }) => {
    await page.goto(authorization(issuer, { client_id: 'acme-notes', redirect_uri: `${demo}/callback/` }));
    await page.goto(`${issuer}/admin/failures`);
  },
  'admin-failure': (page) => page.click('th a').then(() => page.waitForSelector('#g-flow')),
  'sign-in-methods': (page, { issuer }) => page.goto(`${issuer}/account/sign-in`),
  'new-passkey': (page, { issuer }) => page.goto(`${issuer}/account/sign-in/passkeys`),
  'new-app': (page, { issuer }) => page.goto(`${issuer}/account/sign-in/app`),
  'recovery-codes': async (page) => {
    await page.fill('#code', timeBasedCode(await page.textContent('main code')));
    await page.click('main form button[type=submit]');
    await page.waitForSelector('.codes');
  },
  'sign-in-methods-on': (page, { issuer }) => page.goto(`${issuer}/account/sign-in`),
  'second-factor': async (page, { issuer }) => {
    await page.context().clearCookies();
    await page.goto(`${issuer}/account`);
    await signIn(page, administrator);
    await page.waitForSelector('#code');
  },
};

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
const browser = await launch();
for (const [look, options] of Object.entries(looks)) {
  const server = await quickstart({ COUNTERSIGN_REGISTRATION_MODE: 'open', COUNTERSIGN_ACCOUNTS_SIGN_UP: 'true' });
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

const server = await quickstart();
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
        await page.goto(`${server.issuer}/account`);
        await take('account');
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
