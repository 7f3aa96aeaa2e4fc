// openid-client (npm) with the response modes and response types beside the code flow by query.

import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import * as client from 'openid-client';
import { quickstart } from '../countersign.mjs';
import { application, authorize, oauthError, signIn } from './openid_client.mjs';

let server;
before(async () => {
  server = await quickstart();
});
after(() => server?.stop());

const hybrid = { response_types: ['code id_token'], grant_types: ['authorization_code', 'implicit', 'refresh_token'] };
const implicit = {
  response_types: ['id_token'],
  grant_types: ['implicit'],
  token_endpoint_auth_method: 'none',
  scope: 'openid profile email',
};

/** Requests without PKCE. */
const withoutChallenge = (config, { code_challenge, code_challenge_method, ...parameters }) =>
  client.buildAuthorizationUrl(config, parameters);

test('discovery: every response mode and response type', async () => {
  const { config } = await application(server, {});
  const metadata = config.serverMetadata();
  for (const mode of ['query', 'fragment', 'form_post']) assert.ok(metadata.response_modes_supported.includes(mode));
  for (const type of ['code', 'code id_token', 'id_token']) assert.ok(metadata.response_types_supported.includes(type));
  assert.ok(metadata.grant_types_supported.includes('implicit'));
});

test('form_post: the code comes in the body of a request', async () => {
  const app = await application(server, {});
  const { callback, checks } = await authorize(app, { parameters: { response_mode: 'form_post' } });
  assert.ok(callback instanceof Request);
  const tokens = await client.authorizationCodeGrant(app.config, callback, checks);
  const userinfo = await client.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub);
  assert.equal(userinfo.preferred_username, 'demo');
});

test('form_post: so do errors', async () => {
  const app = await application(server, {});
  for (const options of [{ consent: 'deny' }, { parameters: { prompt: 'none' } }]) {
    const parameters = { ...options.parameters, response_mode: 'form_post' };
    const { callback, checks } = await authorize(app, { ...options, parameters });
    assert.ok(callback instanceof Request);
    const code = options.consent ? 'access_denied' : 'login_required';
    await assert.rejects(client.authorizationCodeGrant(app.config, callback, checks), oauthError(code));
  }
});

test('form_post: what the application sent as its state comes back as it was', async () => {
  const app = await application(server, {});
  const state = `as it was: ä&?#%20"'<b>`;
  const { callback } = await authorize(app, { parameters: { response_mode: 'form_post', state } });
  assert.equal((await callback.formData()).get('state'), state);
});

for (const mode of ['fragment', 'form_post']) {
  test(`hybrid flow: code id_token by ${mode}`, async () => {
    const app = await application(server, hybrid, { execute: [client.useCodeIdTokenResponseType] });
    const parameters = mode === 'form_post' ? { response_mode: mode } : {};
    // Both ID tokens, c_hash and the nonce are checked by the library.
    const { callback, checks } = await authorize(app, { parameters });
    if (mode === 'fragment') {
      assert.equal(callback.search, '');
      const response = new URLSearchParams(callback.hash.slice(1));
      assert.ok(response.has('code') && response.has('id_token') && !response.has('access_token'));
      assert.equal(response.get('iss'), server.issuer);
    } else {
      assert.ok(callback instanceof Request);
    }
    const tokens = await client.authorizationCodeGrant(app.config, callback, checks);
    await client.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub);
    const renewed = await client.refreshTokenGrant(app.config, tokens.refresh_token);
    assert.equal(renewed.claims().sub, tokens.claims().sub);
  });

  test(`implicit flow: id_token by ${mode}`, async () => {
    const app = await application(server, implicit, { execute: [client.useIdTokenResponseType] });
    const { callback, checks } = await authorize(app, {
      build: withoutChallenge,
      parameters: { scope: 'openid profile', ...(mode === 'form_post' ? { response_mode: mode } : {}) },
    });
    const claims = await client.implicitAuthentication(app.config, callback, checks.expectedNonce, {
      expectedState: checks.expectedState,
    });
    assert.equal(claims.iss, server.issuer);
    // OpenID Connect Core §5.4: without an access token the claims are in the ID token.
    assert.equal(claims.preferred_username, 'demo');
  });
}

test('errors of the hybrid flow come in the fragment', async () => {
  const app = await application(server, hybrid, { execute: [client.useCodeIdTokenResponseType] });
  const { callback, checks } = await authorize(app, { consent: 'deny' });
  assert.equal(callback.search, '');
  await assert.rejects(client.authorizationCodeGrant(app.config, callback, checks), oauthError('access_denied'));
});

test('the hybrid flow needs a nonce', async () => {
  const app = await application(server, hybrid, { execute: [client.useCodeIdTokenResponseType] });
  const build = (config, { nonce, ...parameters }) => client.buildAuthorizationUrl(config, parameters);
  const { callback } = await authorize(app, { build });
  assert.equal(new URLSearchParams(callback.hash.slice(1)).get('error'), 'invalid_request');
});

test('a response type that the client did not register is refused', async () => {
  const app = await application(server, {});
  const { callback } = await authorize(app, { parameters: { response_type: 'code id_token' } });
  assert.equal(new URLSearchParams(callback.hash.slice(1)).get('error'), 'unauthorized_client');
});

test('a confidential client may go without PKCE where it is registered so', async () => {
  const build = withoutChallenge;
  const app = await application(server, { require_pkce: false });
  const { callback, checks } = await authorize(app, { build });
  const { pkceCodeVerifier, ...others } = checks;
  assert.ok((await client.authorizationCodeGrant(app.config, callback, others)).access_token);

  const strict = await application(server, {});
  await assert.rejects(signIn(strict, { build }), oauthError('invalid_request'));
});
