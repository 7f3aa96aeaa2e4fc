// openid-client (npm) registers itself: OpenID Connect Dynamic Client Registration, RFC 7591, RFC 7592.

import assert from 'node:assert/strict';
import test from 'node:test';
import * as client from 'openid-client';
import { quickstart } from '../countersign.mjs';
import { authorize, postLogoutRedirectUri, redirectUri, signIn } from './openid_client.mjs';

/** A test with a server whose registration is open, or asks for a token. */
function registrationTest(mode, name, body) {
  test(`registration ${mode}: ${name}`, async () => {
    const server = await quickstart({ COUNTERSIGN_REGISTRATION_MODE: mode });
    try {
      await body(server);
    } finally {
      await server.stop();
    }
  });
}

async function register(server, metadata = {}, { authentication, ...options } = {}) {
  const wanted = {
    client_name: 'Registers itself',
    redirect_uris: [redirectUri],
    post_logout_redirect_uris: [postLogoutRedirectUri],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_post',
    scope: 'openid profile email offline_access',
    ...metadata,
  };
  const execute = [client.allowInsecureRequests, client.enableNonRepudiationChecks];
  const config = await client.dynamicClientRegistration(new URL(server.issuer), wanted, authentication, {
    execute,
    ...options,
  });
  return { config, registered: config.clientMetadata() };
}

/** A request to a client's own configuration: RFC 7592. */
async function manage({ registration_client_uri: uri, registration_access_token: token }, method, body) {
  const headers = { authorization: `Bearer ${token}` };
  if (body) headers['content-type'] = 'application/json';
  const answer = await fetch(uri, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, metadata: text ? JSON.parse(text) : undefined };
}

registrationTest('open', 'what was registered signs people in', async (server) => {
  const app = await register(server);
  assert.equal(app.registered.token_endpoint_auth_method, 'client_secret_post');
  assert.equal(app.registered.client_secret_expires_at, 0);
  const tokens = await signIn(app);
  assert.deepEqual([tokens.claims().aud].flat(), [app.registered.client_id]);
  await client.refreshTokenGrant(app.config, tokens.refresh_token);
});

registrationTest('open', 'a public client gets no secret', async (server) => {
  const app = await register(
    server,
    { token_endpoint_auth_method: 'none' },
    { authentication: client.None() },
  );
  assert.equal(app.registered.client_secret, undefined);
  assert.ok((await signIn(app)).access_token);
});

registrationTest('open', 'what cannot be is refused by its field', async (server) => {
  const withFragment = { redirect_uris: [`${redirectUri}#fragment`] };
  await assert.rejects(register(server, withFragment), { error: 'invalid_redirect_uri' });
  await assert.rejects(register(server, { response_types: ['nothing known'] }), { error: 'invalid_client_metadata' });
  await assert.rejects(register(server, { redirect_uris: undefined }), (problem) => {
    assert.match(problem.error, /^invalid_(redirect_uri|client_metadata)$/);
    return true;
  });
});

registrationTest('open', 'a client reads, changes and deletes its own registration', async (server) => {
  const app = await register(server);
  const { registered } = app;
  const read = await manage(registered, 'GET');
  assert.equal(read.status, 200);
  assert.equal(read.metadata.client_id, registered.client_id);
  assert.deepEqual(read.metadata.redirect_uris, [redirectUri]);

  // RFC 7592 §2.2: what the server manages may not be sent.
  const { registration_client_uri, registration_access_token, client_id_issued_at, client_secret_expires_at, ...own } =
    read.metadata;
  const moved = 'http://localhost:9/moved';
  const latest = { ...registered, ...read.metadata };
  const changed = await manage(latest, 'PUT', { ...own, client_name: 'Moved', redirect_uris: [moved] });
  assert.equal(changed.status, 200);
  assert.equal(changed.metadata.client_name, 'Moved');
  assert.deepEqual(changed.metadata.redirect_uris, [moved]);
  assert.equal(changed.metadata.client_id, registered.client_id);
  await assert.rejects(authorize(app), /answered 400/, 'the old address is not registered any more');

  const current = { ...latest, ...changed.metadata };
  const stranger = await manage({ ...current, registration_access_token: 'not a token' }, 'GET');
  assert.equal(stranger.status, 401);
  assert.equal((await manage(current, 'DELETE')).status, 204);
  assert.equal((await manage(current, 'GET')).status, 401);
});

registrationTest('open', 'one client may not look at another', async (server) => {
  const [{ registered: one }, { registered: other }] = await Promise.all([register(server), register(server)]);
  const crossed = { ...one, registration_access_token: other.registration_access_token };
  for (const method of ['GET', 'DELETE']) {
    const { status } = await manage(crossed, method);
    assert.ok(status === 401 || status === 403, `${method} is answered ${status}`);
  }
  assert.equal((await manage(one, 'GET')).status, 200);
});

registrationTest('token', 'an initial access token, and nothing else, opens the registration', async (server) => {
  const refused = (problem) => {
    assert.equal(problem.status ?? problem.response?.status, 401);
    return true;
  };
  await assert.rejects(register(server), refused);
  await assert.rejects(register(server, {}, { initialAccessToken: 'not-a-token' }), refused);
  const { token: initialAccessToken } = JSON.parse(await server.command('registration-token', 'create', '--json'));
  const app = await register(server, {}, { initialAccessToken });
  assert.ok((await signIn(app)).access_token);
});

test('registration is closed unless it is opened', async () => {
  const server = await quickstart();
  try {
    const { registration_endpoint } = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json();
    assert.equal(registration_endpoint, undefined);
    await assert.rejects(register(server));
  } finally {
    await server.stop();
  }
});
