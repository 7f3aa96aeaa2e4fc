// What a newcomer does: from the first start to an application that signs people in, and from an error to its cause. Clicks are
// counted, not seconds: a page that needs one more click fails here, a slow machine does not.

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import * as client from 'openid-client';
import { administrator, setupLink, signIn } from './pages.mjs';
import { browserTest } from './support.mjs';

/** Within a minute: five seconds for each click, and for what is typed before it. */
const MOST_CLICKS = 12;

/** Counts what a person does with the mouse. */
function hand(page) {
  let clicks = 0;
  return {
    clicks: () => clicks,
    async click(what) {
      clicks += 1;
      await page.click(what);
    },
  };
}

/** A web application made of what it was given to paste, and nothing else that is about this server. */
async function pasted(text) {
  const file = new URL(`../pasted-${crypto.randomUUID()}.mjs`, import.meta.url);
  await writeFile(file, text);
  try {
    return await import(file);
  } finally {
    await rm(file);
  }
}

/** Its pages: one that sends people to sign in, and one that they come back to. */
const pages = (settings) => ({
  '/': (_, response) => response.end('<title>Bookshop</title><a id="log-in" href="/log-in">Log in</a>'),
  '/log-in': (_, response) => {
    const { config, parameters } = settings();
    response.writeHead(303, { location: client.buildAuthorizationUrl(config, parameters).href });
    response.end();
  },
  '/callback': async (request, response) => {
    const { config, parameters, codeVerifier } = settings();
    const url = new URL(request.url, parameters.redirect_uri);
    const tokens = await client.authorizationCodeGrant(config, url, { pkceCodeVerifier: codeVerifier });
    const { name, email } = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    response.end(`<title>Welcome</title><p id="who">${tokens.claims().sub} ${name ?? ''} ${email ?? ''}</p>`);
  },
});

/** The administrator's first minute. Answers what was pasted. */
async function fromFirstStartToSettings(page, mouse, server, redirectUri) {
  await page.goto(setupLink(server));
  await page.fill('#username', administrator.username);
  await page.fill('#password', administrator.password);
  await mouse.click('#setup-submit');
  await mouse.click('text=Register an application');
  await page.fill('#username', administrator.username);
  await page.fill('#password', administrator.password);
  await mouse.click('#login-submit');
  await mouse.click('text=Web application');
  await page.fill('#name', 'Bookshop');
  await page.fill('#redirect_uris', redirectUri);
  await mouse.click('text=Register application');
  // openid-client stands open on top, with the secret in it.
  const settings = page.locator('.libraries details[open] pre');
  await settings.waitFor();
  return settings.textContent();
}

browserTest('from the first start to a registered application that signs people in', async (test) => {
  const { server, page, newBrowser, application } = test;
  let module;
  const bookshop = await application(pages(() => module));
  const mouse = hand(page);
  const text = await fromFirstStartToSettings(page, mouse, server, `${bookshop.origin}/callback`);
  module = await pasted(text);

  // The administrator has a session already: it is their own sign-in that is tried first.
  await page.goto(bookshop.origin);
  await mouse.click('#log-in');
  await page.waitForURL((url) => url.origin === bookshop.origin || url.pathname === '/consent');
  if (new URL(page.url()).pathname === '/consent') await mouse.click('#consent-allow');
  await page.waitForSelector('#who');
  assert.ok(mouse.clicks() <= MOST_CLICKS, `${mouse.clicks()} clicks`);
  console.log(`# from the first start to a signed-in application: ${mouse.clicks()} clicks`);

  // And somebody else, with a password.
  const elsewhere = await (await newBrowser()).newPage();
  await elsewhere.goto(bookshop.origin);
  await elsewhere.click('#log-in');
  await signIn(elsewhere);
  await elsewhere.click('#consent-allow');
  await elsewhere.waitForSelector('#who');
  assert.match(await elsewhere.textContent('#who'), /demo@example\.com/);
});

browserTest('a wrong redirect URI is found and mended from its reference alone', async (test) => {
  const { server, page, newBrowser, application } = test;
  let module;
  const bookshop = await application(pages(() => module));
  const text = await fromFirstStartToSettings(page, hand(page), server, `${bookshop.origin}/callback`);
  // The developer deploys it with a slash too many.
  module = await pasted(text.replaceAll('/callback"', '/callback/"'));
  assert.equal(module.parameters.redirect_uri, `${bookshop.origin}/callback/`);

  const developer = await (await newBrowser()).newPage();
  await developer.goto(bookshop.origin);
  await developer.click('#log-in');
  const reference = await developer.locator('dl.facts div', { hasText: 'Reference' }).locator('dd').textContent();
  assert.ok(new URL(developer.url()).origin === server.issuer, 'nobody is sent to an address that is not registered');
  assert.match(reference, /^[\w-]{10,}$/);

  // What was refused is written down within a second.
  const known = () => page.request.get(`${server.issuer}/admin/api/failures/${reference}`).then((answer) => answer.ok());
  for (let waited = 0; !(await known()); waited += 1) {
    assert.ok(waited < 100, 'the reference leads somewhere');
    await sleep(100);
  }

  // All that the administrator is told is the reference.
  const mouse = hand(page);
  await page.goto(`${server.issuer}/admin`);
  await mouse.click('text=Failed requests');
  await page.fill('#reference', reference);
  await mouse.click('form.search button');
  await page.waitForSelector(`text=${bookshop.origin}/callback/`);
  const facts = await page.textContent('main');
  assert.ok(facts.includes('redirect_uri') && facts.includes(`${bookshop.origin}/callback`), facts);
  await mouse.click('form[action$="/register-redirect-uri"] button');
  await page.waitForSelector('[role=status]');
  assert.ok(mouse.clicks() <= 3, `${mouse.clicks()} clicks`);

  // The developer only tries again.
  await developer.goto(bookshop.origin);
  await developer.click('#log-in');
  await signIn(developer);
  await developer.click('#consent-allow');
  await developer.waitForURL(`${bookshop.origin}/callback/?*`);
});
