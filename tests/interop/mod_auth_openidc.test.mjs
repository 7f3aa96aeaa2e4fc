// Apache's mod_auth_openidc as the relying party.

import assert from 'node:assert/strict';
import { assertSignedOut, signIn } from '../browser/pages.mjs';
import { demoUser } from '../countersign.mjs';
import { apacheTest, assertStranger, info, json, visit } from './mod_auth_openidc.mjs';

for (const [method, alg] of [['client_secret_basic', 'RS256'], ['client_secret_post', 'ES256']]) {
  apacheTest(`a protected page knows who asks: ${method}, ${alg}`, async ({ server, page, apache }) => {
    const seen = await visit(page, apache);
    assert.equal(seen.path, '/protected/page?as=it+was');
    assert.equal(seen.oidc_claim_iss, server.issuer);
    assert.equal(seen.oidc_claim_preferred_username, demoUser.username);
    assert.ok(seen.oidc_claim_sid && seen.oidc_access_token);
    const { id_token: idToken, userinfo } = await info(page, apache);
    assert.equal(userinfo.sub, idToken.sub);
  }, { metadata: { token_endpoint_auth_method: method, id_token_signed_response_alg: alg } });
}

apacheTest('a refused consent opens nothing, and may be given later', async ({ page, apache }) => {
  await page.goto(`${apache.origin}/protected/page`);
  await signIn(page);
  await page.click('#consent-deny');
  // What this version of the module says is about the parameter iss (RFC 9207), which it takes for a third party's wish
  // to sign somebody in.
  await page.waitForURL(`${apache.origin}/protected/oidc?error=access_denied&*`);
  await page.goto(`${apache.origin}/protected/page`);
  await page.click('#consent-allow');
  await page.waitForURL(`${apache.origin}/protected/page`);
  assert.equal((await json(page)).path, '/protected/page');
});

apacheTest('tokens are refreshed', async ({ page, apache }) => {
  await visit(page, apache);
  const first = await info(page, apache);
  const back = encodeURIComponent(`${apache.origin}/protected/page`);
  const token = encodeURIComponent(first.access_token);
  await page.goto(`${apache.origin}/protected/oidc?refresh=${back}&access_token=${token}`);
  assert.equal(page.url(), `${apache.origin}/protected/page`);
  const second = await info(page, apache);
  assert.notEqual(second.refresh_token, first.refresh_token);
  assert.equal(second.userinfo.sub, first.userinfo.sub);
  await page.goto(`${apache.origin}/protected/page`);
  assert.notEqual((await json(page)).oidc_access_token, first.access_token);
});

apacheTest('sign-out at the application signs out at the provider', async ({ server, page, apache }) => {
  await visit(page, apache);
  const back = `${apache.origin}/signed-out`;
  await page.goto(`${apache.origin}/protected/oidc?logout=${encodeURIComponent(back)}`);
  assert.equal(page.url().split('?')[0], back);
  await assertStranger(page, { server, apache });
  await assertSignedOut(page, server);
});

for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']) {
  apacheTest(`the settings to paste sign people in: ${method}`, async ({ server, page, apache }) => {
    const seen = await visit(page, apache);
    assert.equal(seen.oidc_claim_iss, server.issuer);
    assert.equal(seen.oidc_claim_preferred_username, demoUser.username);
  }, { metadata: { token_endpoint_auth_method: method }, paste: true });
}
