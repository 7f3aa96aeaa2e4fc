// openid-client (npm) where it signs, pushes or decrypts: client assertions, request objects, pushed requests, proofs of
// possession, encrypted ID tokens, signed UserInfo.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test, { after, before } from 'node:test';
import { CompactEncrypt, importJWK } from 'jose';
import * as client from 'openid-client';
import { quickstart } from '../countersign.mjs';
import { application, authorize, header, oauthError, signIn } from './openid_client.mjs';

let server;
before(async () => {
  server = await quickstart();
});
after(() => server?.stop());

const rsa = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
const kinds = {
  RS256: [{ name: 'RSASSA-PKCS1-v1_5', ...rsa }, ['sign', 'verify']],
  PS256: [{ name: 'RSA-PSS', ...rsa }, ['sign', 'verify']],
  ES256: [{ name: 'ECDSA', namedCurve: 'P-256' }, ['sign', 'verify']],
  'RSA-OAEP-256': [{ name: 'RSA-OAEP', ...rsa }, ['encrypt', 'decrypt']],
  'ECDH-ES': [{ name: 'ECDH', namedCurve: 'P-256' }, ['deriveBits']],
};

/** A key pair: what the library works with, and the key set that is registered. */
async function keyPair(alg) {
  const [kind, usages] = kinds[alg];
  const { privateKey, publicKey } = await crypto.subtle.generateKey(kind, true, usages);
  const { key_ops: _, ext: __, ...jwk } = await crypto.subtle.exportKey('jwk', publicKey);
  const kid = crypto.randomUUID();
  const use = usages[0] === 'sign' ? 'sig' : 'enc';
  return { key: { key: privateKey, kid }, jwks: { keys: [{ ...jwk, kid, use, alg }] } };
}

/** With every kind of request that a client authenticates. */
async function assertAuthenticates(app) {
  const first = await signIn(app);
  const second = await client.refreshTokenGrant(app.config, first.refresh_token);
  assert.equal((await client.tokenIntrospection(app.config, second.access_token)).client_id, app.clientId);
  await client.tokenRevocation(app.config, second.refresh_token);
  assert.deepEqual(await client.tokenIntrospection(app.config, second.access_token), { active: false });
}

for (const alg of ['RS256', 'PS256', 'ES256']) {
  test(`client authentication private_key_jwt with ${alg}`, async () => {
    const { key, jwks } = await keyPair(alg);
    const metadata = { token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: alg, jwks };
    await assertAuthenticates(await application(server, metadata, { key }));
  });
}

test('client authentication private_key_jwt with a key of jwks_uri', async () => {
  const { key, jwks } = await keyPair('ES256');
  const keys = createServer((_, answer) => {
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify(jwks));
  });
  await once(keys.listen(0, '127.0.0.1'), 'listening');
  try {
    const jwks_uri = `http://localhost:${keys.address().port}/jwks`;
    await assertAuthenticates(
      await application(server, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri }, { key }),
    );
  } finally {
    keys.close();
    keys.closeAllConnections();
  }
});

test('client authentication client_secret_jwt', async () => {
  await assertAuthenticates(await application(server, { token_endpoint_auth_method: 'client_secret_jwt' }));
});

test('an assertion signed with another key authenticates nobody', async () => {
  const { key } = await keyPair('ES256');
  const { jwks } = await keyPair('ES256');
  jwks.keys[0].kid = key.kid;
  const app = await application(server, { token_endpoint_auth_method: 'private_key_jwt', jwks }, { key });
  await assert.rejects(signIn(app), (problem) => problem.status === 401);
});

for (const alg of ['RS256', 'ES256']) {
  test(`a request object signed with ${alg}`, async () => {
    const { key, jwks } = await keyPair(alg);
    const app = await application(server, { request_object_signing_alg: alg, jwks });
    const build = (config, parameters) => client.buildAuthorizationUrlWithJAR(config, parameters, key);
    assert.ok((await signIn(app, { build })).access_token);
  });

  test(`a request object signed with another ${alg} key is refused`, async () => {
    const { key } = await keyPair(alg);
    const { jwks } = await keyPair(alg);
    jwks.keys[0].kid = key.kid;
    const app = await application(server, { request_object_signing_alg: alg, jwks });
    const build = async (config, parameters) => {
      const url = await client.buildAuthorizationUrlWithJAR(config, parameters, key);
      // What is inside is not believed, and the library takes no answer without its state.
      url.searchParams.set('state', new URLSearchParams(parameters).get('state'));
      return url;
    };
    await assert.rejects(signIn(app, { build }), refusesTheRequestObject);
  });
}

for (const method of ['client_secret_basic', 'client_secret_post', 'none', 'private_key_jwt']) {
  test(`a pushed request (PAR), client authentication ${method}; the client can do nothing else`, async () => {
    const { key, jwks } = await keyPair('ES256');
    const keys = method === 'private_key_jwt' ? { key } : {};
    const metadata = {
      token_endpoint_auth_method: method,
      require_pushed_authorization_requests: true,
      ...(method === 'private_key_jwt' ? { jwks } : {}),
    };
    const app = await application(server, metadata, keys);
    const discovered = app.config.serverMetadata();
    assert.equal(discovered.pushed_authorization_request_endpoint, `${server.issuer}/par`);
    assert.equal(discovered.require_pushed_authorization_requests, false);
    assert.ok((await signIn(app, { build: client.buildAuthorizationUrlWithPAR })).access_token);
    await assert.rejects(signIn(app), oauthError('invalid_request'));
    const wrong = client.buildAuthorizationUrlWithPAR(app.config, { redirect_uri: 'https://elsewhere.example/' });
    await assert.rejects(wrong, { status: 400, ...oauthError('invalid_request') });
  });
}

for (const [method, alg] of [['none', 'ES256'], ['client_secret_basic', 'PS256']]) {
  test(`tokens bound to a key (DPoP) with ${alg}, client authentication ${method}; the client gets no others`, async () => {
    const app = await application(server, { token_endpoint_auth_method: method, dpop_bound_access_tokens: true });
    assert.ok(app.config.serverMetadata().dpop_signing_alg_values_supported.includes('ES256'));
    const handle = async () => client.getDPoPHandle(app.config, await client.randomDPoPKeyPair(alg));
    const [DPoP, other] = [await handle(), await handle()];
    const build = (config, parameters) => client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP });
    const { callback, checks } = await authorize(app, { build });
    await assert.rejects(client.authorizationCodeGrant(app.config, callback, checks), oauthError('invalid_request'));
    const wrongKey = client.authorizationCodeGrant(app.config, callback, checks, undefined, { DPoP: other });
    await assert.rejects(wrongKey, oauthError('invalid_grant'));
    const first = await client.authorizationCodeGrant(app.config, callback, checks, undefined, { DPoP });
    assert.equal(first.token_type.toLowerCase(), 'dpop');
    const { sub } = first.claims();
    assert.equal((await client.fetchUserInfo(app.config, first.access_token, sub, { DPoP })).sub, sub);
    await assert.rejects(client.fetchUserInfo(app.config, first.access_token, sub), (problem) => problem.status === 401);
    const refresh = (key) => client.refreshTokenGrant(app.config, first.refresh_token, undefined, { DPoP: key });
    // Bound to the key where there are no credentials that it is bound to.
    if (method === 'none') await assert.rejects(refresh(other), oauthError('invalid_grant'));
    const second = await refresh(method === 'none' ? DPoP : other);
    const key = method === 'none' ? DPoP : other;
    assert.equal((await client.fetchUserInfo(app.config, second.access_token, sub, { DPoP: key })).sub, sub);
  });
}

test('a signed request object that is pushed', async () => {
  const { key, jwks } = await keyPair('ES256');
  const app = await application(server, { token_endpoint_auth_method: 'private_key_jwt', jwks }, { key });
  const build = async (config, parameters) => {
    const { searchParams } = await client.buildAuthorizationUrlWithJAR(config, parameters, key);
    return client.buildAuthorizationUrlWithPAR(config, searchParams);
  };
  assert.ok((await signIn(app, { build })).access_token);
});

/** Nothing in it can be believed, so there may be no address to send the error to. */
function refusesTheRequestObject(problem) {
  assert.match(`${problem.error} ${problem.message}`, /invalid_request_object|answered 400/);
  return true;
}

for (const [alg, enc] of [['RSA-OAEP-256', 'A256GCM'], ['ECDH-ES', 'A256GCM']]) {
  test(`a request object encrypted with ${alg} and ${enc}`, async () => {
    const { key, jwks } = await keyPair('ES256');
    const app = await application(server, {
      request_object_signing_alg: 'ES256',
      request_object_encryption_alg: alg,
      request_object_encryption_enc: enc,
      jwks,
    });
    assert.ok(app.config.serverMetadata().request_object_encryption_alg_values_supported.includes(alg));
    const published = await (await fetch(app.config.serverMetadata().jwks_uri)).json();
    const kty = alg.startsWith('RSA') ? 'RSA' : 'EC';
    const theirs = published.keys.find((jwk) => jwk.use === 'enc' && jwk.kty === kty);
    assert.ok(theirs, 'a key that is for encryption');
    const build = async (config, parameters) => {
      const url = await client.buildAuthorizationUrlWithJAR(config, parameters, key);
      const signed = new TextEncoder().encode(url.searchParams.get('request'));
      const encrypted = await new CompactEncrypt(signed)
        .setProtectedHeader({ alg, enc, cty: 'JWT', kid: theirs.kid })
        .encrypt(await importJWK(theirs, alg));
      url.searchParams.set('request', encrypted);
      return url;
    };
    assert.ok((await signIn(app, { build })).access_token);
  });

  test(`an ID token encrypted with ${alg} and ${enc}`, async () => {
    const { key, jwks } = await keyPair(alg);
    const metadata = { id_token_encrypted_response_alg: alg, id_token_encrypted_response_enc: enc, jwks };
    const app = await application(server, metadata, {
      execute: [(config) => client.enableDecryptingResponses(config, [enc], { ...key, alg })],
    });
    const tokens = await signIn(app);
    assert.deepEqual([header(tokens.id_token).alg, header(tokens.id_token).enc], [alg, enc]);
    const signed = client.getDecryptedResponses(tokens).id_token.token_endpoint;
    assert.equal(header(signed).alg, 'RS256');
    assert.equal(tokens.claims().iss, server.issuer);
    const renewed = await client.refreshTokenGrant(app.config, tokens.refresh_token);
    assert.equal(renewed.claims().sub, tokens.claims().sub);
  });
}

for (const alg of ['RS256', 'ES256']) {
  test(`UserInfo signed with ${alg}`, async () => {
    const app = await application(server, { userinfo_signed_response_alg: alg });
    const tokens = await signIn(app);
    const url = new URL(app.config.serverMetadata().userinfo_endpoint);
    const answer = await client.fetchProtectedResource(app.config, tokens.access_token, url, 'GET');
    assert.match(answer.headers.get('content-type'), /^application\/jwt\b/);
    assert.equal(header(await answer.text()).alg, alg);
    // Signature, iss and aud are checked by the library.
    const userinfo = await client.fetchUserInfo(app.config, tokens.access_token, tokens.claims().sub);
    assert.equal(userinfo.preferred_username, 'demo');
  });
}
