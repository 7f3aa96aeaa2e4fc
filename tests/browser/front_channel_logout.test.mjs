import assert from 'node:assert/strict';
import { authorization } from './application.mjs';
import { assertSignedOut, signIn } from './pages.mjs';
import { browserTest } from './support.mjs';

/** An application that signs people in with a cookie, and out in a frame. */
const withCookie = (name) => ({
  '/callback': (_, response) => response.setHeader('set-cookie', `${name}=in; Path=/`).end(`<title>${name}</title>`),
  '/out': (_, response) => response.setHeader('set-cookie', `${name}=; Path=/; Max-Age=0`).end('<p>out'),
});

async function register(server, application, name, more = {}) {
  const { client_id: id } = await server.register({
    client_name: name,
    redirect_uris: [`${application.origin}/callback`],
    post_logout_redirect_uris: [`${application.origin}/bye`],
    frontchannel_logout_uri: `${application.origin}/out?from=a%20b`,
    skip_consent: true,
    ...more,
  });
  return id;
}

/** Signs in to each of them. */
async function signInTo(page, server, applications) {
  for (const [application, id] of applications) {
    await page.goto(authorization(server, application, id));
    if (await page.locator('#login-submit').count()) await signIn(page);
    await page.waitForURL(`${application.origin}/callback?*`);
  }
}

function signOutAddress(server, application, id) {
  const to = `${application.origin}/bye`;
  return `${server.issuer}/logout?${new URLSearchParams({ client_id: id, post_logout_redirect_uri: to, state: 'a b&c' })}`;
}

const cookies = async (context) => (await context.cookies()).map(({ name }) => name).sort();

for (const javaScriptEnabled of [true, false]) {
  browserTest(
    `one sign-out signs out of every application, ${javaScriptEnabled ? 'with' : 'without'} scripts`,
    async ({ server, context, page, application }) => {
      const [shop, mail] = [await application(withCookie('shop')), await application(withCookie('mail'))];
      const shopId = await register(server, shop, 'Bookshop');
      const mailId = await register(server, mail, 'Mail');
      await signInTo(page, server, [[shop, shopId], [mail, mailId]]);
      assert.deepEqual((await cookies(context)).filter((name) => !name.startsWith('countersign')), ['mail', 'shop']);

      await page.goto(signOutAddress(server, shop, shopId));
      await page.click('#logout-confirm');
      await page.waitForURL(`${shop.origin}/bye?*`);
      assert.equal(new URL(page.url()).search, '?state=a+b%26c');
      for (const { asked } of [shop, mail]) {
        const [frame, ...more] = asked('/out');
        assert.deepEqual(more, []);
        assert.equal(frame.searchParams.get('from'), 'a b');
        assert.equal(frame.searchParams.get('iss'), server.issuer);
        assert.match(frame.searchParams.get('sid'), /^[0-9a-f]{32}$/);
        assert.match(frame.search, /^\?from=a%20b&iss=/);
      }
      assert.deepEqual(await cookies(context), ['countersign-device'], 'each frame cleared its own cookie, and nothing that was in progress goes on');
      await assertSignedOut(page, server);
    },
    { javaScriptEnabled },
  );
}

browserTest('an application that does not answer is not waited for', async ({ server, page, application }) => {
  const silent = await application({ '/out': () => {} });
  const lively = await application();
  const silentId = await register(server, silent, 'Silent');
  await signInTo(page, server, [[silent, silentId], [lively, await register(server, lively, 'Lively')]]);
  await page.goto(signOutAddress(server, silent, silentId));
  await page.click('#logout-confirm', { noWaitAfter: true });
  await page.waitForSelector('text=These applications are being signed out too');
  for (const name of ['Silent', 'Lively']) assert.ok(await page.locator(`li:has-text("${name}")`).isVisible());
  await page.waitForURL(`${silent.origin}/bye?*`);
  assert.equal(silent.asked('/out').length, 1);
  assert.equal(lively.asked('/out').length, 1);
});

browserTest('signing out on the account page ends where it says so', async ({ server, page, application }) => {
  const shop = await application(withCookie('shop'));
  await signInTo(page, server, [[shop, await register(server, shop, 'Bookshop')]]);
  await page.goto(`${server.issuer}/account`);
  await page.click('.bar-user button');
  await page.waitForURL(`${server.issuer}/logout?ui_locales=en`);
  await page.waitForSelector('text=You are signed out');
  assert.equal(shop.asked('/out').length, 1);
  await assertSignedOut(page, server);
});
