import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { authorization } from './application.mjs';
import { signIn } from './pages.mjs';
import { browserTest } from './support.mjs';

for (const javaScriptEnabled of [true, false]) {
  browserTest(
    `an answer by form_post arrives ${javaScriptEnabled ? 'by itself' : 'by a button, without scripts'}`,
    async ({ server, page, application }) => {
      let answer;
      const shop = await application({
        '/callback': async (request, response) => {
          const fields = new URLSearchParams((await buffer(request)).toString());
          answer = { method: request.method, url: request.url, type: request.headers['content-type'], fields };
          response.end('<title>back</title>');
        },
      });
      const { client_id: id } = await server.register({
        client_name: 'Bookshop',
        redirect_uris: [`${shop.origin}/callback`],
        skip_consent: true,
      });
      const state = `as it was: ä&?#%20"'<b>`;
      const more = new URLSearchParams({ response_mode: 'form_post', state });
      await page.goto(`${authorization(server, shop, id)}&${more}`);
      await signIn(page);
      if (!javaScriptEnabled) await page.click('text=Continue');
      await page.waitForURL(`${shop.origin}/callback`);
      assert.equal(answer.method, 'POST');
      assert.equal(answer.url, '/callback');
      assert.equal(answer.type, 'application/x-www-form-urlencoded');
      assert.equal(answer.fields.get('state'), state);
      assert.equal(answer.fields.get('iss'), server.issuer);
      assert.ok(answer.fields.get('code'));
    },
    { javaScriptEnabled },
  );
}
