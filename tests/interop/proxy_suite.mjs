// An application behind a reverse proxy: Countersign says who may in, and who it is.

import assert from 'node:assert/strict';
import { signIn } from '../browser/pages.mjs';
import { ada, enter, json } from './proxy.mjs';

/**
 * `proxyTest` starts the proxy. Proxies differ in what they pass on, which is named here: the statuses of a program that shows
 * nothing (`away`), of one that shows a wrong password (`closed`) and of addresses that lead nowhere (`nowhere`); what the
 * application sees of a claim that it was told nothing about (`untold`); and the headers of a browser (`browser`).
 */
export function behind(proxyTest, { browser, away, closed, nowhere, untold }) {
  proxyTest('the application knows who asks, and sign-out takes effect at once', async ({ server, page, newPage, origin }) => {
    const seen = await enter(page, origin);
    assert.equal(seen.path, '/page?as=it+was&more=%2F');
    assert.equal(seen['remote-user'], 'ada');
    assert.equal(seen['remote-name'], 'ada');

    // Another page of the same browser needs no way round.
    await page.goto(`${origin}/other`);
    assert.equal((await json(page)).path, '/other');
    assert.equal(await page.evaluate(() => fetch('/form', { method: 'POST', body: 'x' }).then((answer) => answer.status)), 200);
    // Its cookie is this host's, and no script's.
    const cookie = (await page.context().cookies(origin)).find(({ name }) => name === 'countersign-app');
    assert.deepEqual([cookie.domain, cookie.httpOnly, cookie.sameSite], ['app.localhost', true, 'Lax']);
    assert.ok(!(await json(page)).cookie.includes('countersign-session'));

    const account = await page.context().newPage();
    await account.goto(`${server.issuer}/account`);
    await account.click('form[action="/account/sign-out"] button');
    await account.waitForURL((url) => url.pathname !== '/account');
    await page.goto(`${origin}/other`);
    await page.waitForSelector('#password');
    assert.equal(new URL(page.url()).origin, server.issuer);

    // A browser that is signed in at the issuer already is asked nothing.
    const elsewhere = await newPage();
    await elsewhere.goto(`${server.issuer}/login`);
    await signIn(elsewhere, ada);
    await elsewhere.waitForURL(`${server.issuer}/account`);
    await elsewhere.goto(`${origin}/at/once`);
    assert.equal((await json(elsewhere))['remote-user'], 'ada');
  });

  proxyTest('what a browser says about itself has no effect', async ({ server, page, origin, ask }) => {
    const spoofed = {
      'Remote-User': 'root',
      'Remote-Email': 'root@example.com',
      'Remote-Name': 'root',
      'Remote-Groups': 'admins',
      'Remote_User': 'root',
      'X-Forwarded-Host': 'other.example',
      'X-Forwarded-Uri': '//evil.example/',
      'X-Forwarded-For': '203.0.113.9',
      'X-Original-URL': 'http://evil.example/',
    };
    // Without a session: no way in, and no way to elsewhere.
    const refused = await ask('/secret?a=b&c=d', { ...spoofed, ...browser });
    assert.equal(refused.status, away);
    assert.equal(refused.headers.location, `${origin}/.countersign/start?path=%2Fsecret%3Fa%3Db%26c%3Dd`);
    for (const path of ['/.countersign/check', '/%2e%63ountersign/check', '//.countersign/check', '/.countersign/../secret', '/x/../.countersign/check']) {
      const answer = await ask(path, spoofed);
      assert.ok(nowhere.includes(answer.status), `${path}: ${answer.status}`);
      assert.ok(!answer.body.includes('root'), path);
    }
    // With one: who it is, and nothing of what was claimed.
    await enter(page, origin);
    const cookies = await page.context().cookies(origin);
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const seen = JSON.parse((await ask('/secret', { ...spoofed, cookie })).body);
    assert.equal(seen['remote-user'], 'ada');
    assert.equal(seen['remote-name'], 'ada');
    assert.deepEqual([seen['remote-email'], seen['remote-groups'], seen.remote_user], [untold, untold, undefined]);
    // The server's own log knows the address that the proxy saw.
    assert.ok(!server.output().includes('203.0.113.9'));
  });

  proxyTest('programs show a password or nothing', async ({ ask }) => {
    const basic = (password) => ({ authorization: `Basic ${Buffer.from(`ada:${password}`).toString('base64')}` });
    const seen = await ask('/api', basic(ada.password), 'PUT');
    assert.equal(seen.status, 200);
    assert.equal(JSON.parse(seen.body)['remote-user'], 'ada');
    for (const password of ['wrong', '']) assert.equal((await ask('/api', basic(password))).status, closed);
  }, 'basic = true');

  proxyTest('an application for a group is closed to others', async ({ server, page, origin }) => {
    await page.goto(`${origin}/`);
    await signIn(page, ada);
    await page.waitForSelector('text=not among those that may use this application');
    assert.equal(new URL(page.url()).origin, server.issuer);
  }, 'groups = ["staff"]');
}
