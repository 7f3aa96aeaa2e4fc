// Who signs out at the provider is signed out of an Apache with mod_auth_openidc too: OpenID Connect Front-Channel and
// Back-Channel Logout.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { signIn } from '../browser/pages.mjs';
import { apacheTest, assertStranger, json, visit } from './mod_auth_openidc.mjs';

const frontChannel = (redirectUri) => ({
  frontchannel_logout_uri: `${redirectUri}?logout=get`,
  frontchannel_logout_session_required: true,
});
const backChannel = (redirectUri) => ({
  backchannel_logout_uri: `${redirectUri}?logout=backchannel`,
  backchannel_logout_session_required: true,
});

/** In a browser that has consented elsewhere. */
async function visitAgain(page, apache) {
  await page.goto(`${apache.origin}/protected/page`);
  await signIn(page);
  await page.waitForURL(`${apache.origin}/protected/page`);
}

async function assertKnown(page, apache) {
  await page.goto(`${apache.origin}/protected/page`);
  assert.equal(page.url(), `${apache.origin}/protected/page`);
  assert.ok((await json(page)).oidc_claim_sub);
}

/** The provider may answer the browser before it has told Apache. */
async function assertBecomesStranger(page, { server, apache }) {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await page.goto(`${apache.origin}/protected/page`);
    if (new URL(page.url()).origin === server.issuer) break;
    await sleep(100);
  }
  await assertStranger(page, { server, apache });
}

apacheTest('front channel: the page of the sign-out tells Apache', async ({ server, page, apache }) => {
  await visit(page, apache);
  await page.goto(`${server.issuer}/logout`);
  const told = page.waitForResponse((answer) => answer.url().startsWith(`${apache.origin}/protected/oidc?logout=get`));
  await page.click('#logout-confirm');
  const query = new URL((await told).url()).searchParams;
  assert.equal(query.get('iss'), server.issuer);
  assert.ok(query.get('sid'));
  await page.waitForSelector('text=You are signed out');
  await assertStranger(page, { server, apache });
}, { metadata: frontChannel });

apacheTest('front channel: a sign-out that Apache began comes back to it', async ({ server, page, apache }) => {
  await visit(page, apache);
  const back = `${apache.origin}/signed-out`;
  await page.goto(`${apache.origin}/protected/oidc?logout=${encodeURIComponent(back)}`);
  await page.waitForURL((url) => url.href.split('?')[0] === back);
  await assertStranger(page, { server, apache });
}, { metadata: frontChannel });

apacheTest('back channel: this session, and no other', async ({ server, page, apache, newBrowser }) => {
  await visit(page, apache);
  const elsewhere = await (await newBrowser()).newPage();
  await visitAgain(elsewhere, apache);
  await page.goto(`${server.issuer}/logout`);
  await page.click('#logout-confirm');
  await page.waitForSelector('text=You are signed out');
  await assertBecomesStranger(page, { server, apache });
  await assertKnown(elsewhere, apache);
}, { metadata: backChannel });

apacheTest('back channel: a session that is ended from elsewhere', async ({ server, page, apache, newBrowser }) => {
  await visit(page, apache);
  const elsewhere = await (await newBrowser()).newPage();
  await visitAgain(elsewhere, apache);
  await page.goto(`${server.issuer}/account`);
  const sessions = page.locator('section[aria-labelledby=devices] li');
  await sessions.filter({ hasNotText: 'This device' }).locator('button').click();
  await page.waitForFunction(() => document.querySelectorAll('section[aria-labelledby=devices] li').length === 1);
  await assertBecomesStranger(elsewhere, { server, apache });
  await assertKnown(page, apache);
}, { metadata: backChannel });
