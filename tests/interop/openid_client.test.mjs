// openid-client (npm) as the relying party.

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import test, { after, before } from 'node:test';
import * as client from 'openid-client';
import { quickstart } from '../countersign.mjs';
import { Browser } from './browser.mjs';
import {
  authentication,
  authorize,
  header,
  oauthError,
  postLogoutRedirectUri,
  redirectUri,
  signIn,
} from './openid_client.mjs';

let server;
before(async () => {
  server = await quickstart();
});
after(() => server?.stop());

/** Registers an application on the command line, and lets the library discover the rest. */
async function application({ method = 'client_secret_basic', alg = 'RS256', more = [] } = {}) {
  const printed = await server.command(
    ...['client', 'create', '--name', `openid-client ${method} ${alg}`, '--json', '--auth-method', method],
    ...['--id-token-alg', alg, '--redirect-uri', redirectUri, '--post-logout-redirect-uri', postLogoutRedirectUri],
    ...['--grant-type', 'authorization_code', '--grant-type', 'refresh_token'],
    ...['--scope', 'openid profile email offline_access', ...more],
  );
  const registered = JSON.parse(printed);
  assert.equal(registered.token_endpoint_auth_method, method);
  const metadata = { id_token_signed_response_alg: alg };
  const config = await client.discovery(
    new URL(server.issuer),
    registered.client_id,
    metadata,
    authentication[method](registered.client_secret),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );
  return { config, clientId: registered.client_id };
}

test('discovery: the issuer, PKCE, and the issuer in authorization responses', async () => {
  const { config } = await application();
  const metadata = config.serverMetadata();
  assert.equal(metadata.issuer, server.issuer);
  assert.ok(metadata.supportsPKCE('S256'));
  assert.equal(metadata.authorization_response_iss_parameter_supported, true);
  const oauth = await client.discovery(new URL(server.issuer), 'any', undefined, client.None(), {
    algorithm: 'oauth2',
    execute: [client.allowInsecureRequests],
  });
  assert.equal(oauth.serverMetadata().token_endpoint, metadata.token_endpoint);
});

for (const [alg, method] of [
  ['RS256', 'client_secret_basic'],
  ['ES256', 'client_secret_post'],
  ['PS256', 'none'],
  ['EdDSA', 'client_secret_basic'],
]) {
  test(`code flow with PKCE: ID token signed with ${alg}, client authentication ${method}`, async () => {
    const app = await application({ method, alg });
    const tokens = await signIn(app);
    assert.equal(header(tokens.id_token).alg, alg);
    assert.equal(tokens.token_type, 'bearer');
    const { sub, aud } = tokens.claims();
    assert.deepEqual([aud].flat(), [app.clientId]);
    const userinfo = await client.fetchUserInfo(app.config, tokens.access_token, sub);
    assert.equal(userinfo.preferred_username, 'demo');
  });
}

for (const method of ['client_secret_basic', 'client_secret_post', 'none']) {
  test(`refresh and revocation, client authentication ${method}`, async () => {
    const app = await application({ method });
    const first = await signIn(app);
    const second = await client.refreshTokenGrant(app.config, first.refresh_token);
    assert.notEqual(second.access_token, first.access_token);
    assert.notEqual(second.refresh_token, first.refresh_token);
    assert.equal(second.claims().sub, first.claims().sub);
    assert.equal(second.claims().auth_time, first.claims().auth_time);
    await client.fetchUserInfo(app.config, second.access_token, first.claims().sub);

    await client.tokenRevocation(app.config, second.refresh_token);
    await assert.rejects(client.refreshTokenGrant(app.config, second.refresh_token), oauthError('invalid_grant'));
    await assert.rejects(client.fetchUserInfo(app.config, second.access_token, first.claims().sub));
  });
}

for (const [method, format] of [['client_secret_basic', 'jwt'], ['client_secret_post', 'opaque']]) {
  test(`introspection of a ${format} access token, client authentication ${method}`, async () => {
    const app = await application({ method, more: ['--access-token-format', format] });
    const tokens = await signIn(app);
    const active = await client.tokenIntrospection(app.config, tokens.access_token);
    assert.equal(active.active, true);
    assert.equal(active.client_id, app.clientId);
    assert.equal(active.sub, tokens.claims().sub);
    assert.equal(active.iss, server.issuer);
    assert.deepEqual(active.scope.split(' ').sort(), ['email', 'offline_access', 'openid', 'profile']);

    await client.tokenRevocation(app.config, tokens.access_token);
    assert.deepEqual(await client.tokenIntrospection(app.config, tokens.access_token), { active: false });
    assert.deepEqual(await client.tokenIntrospection(app.config, 'not a token'), { active: false });
  });
}

test('client credentials', async () => {
  const app = await application({ more: ['--grant-type', 'client_credentials'] });
  const tokens = await client.clientCredentialsGrant(app.config);
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(tokens.id_token, undefined);
  assert.equal((await client.tokenIntrospection(app.config, tokens.access_token)).client_id, app.clientId);
});

test('a code works once, and its second use takes back what the first one got', async () => {
  const app = await application();
  const { callback, checks } = await authorize(app);
  const tokens = await client.authorizationCodeGrant(app.config, callback, checks);
  await assert.rejects(client.authorizationCodeGrant(app.config, callback, checks), oauthError('invalid_grant'));
  assert.deepEqual(await client.tokenIntrospection(app.config, tokens.access_token), { active: false });
});

test('a wrong code verifier is invalid_grant', async () => {
  const app = await application();
  const { callback, checks } = await authorize(app);
  const wrong = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await assert.rejects(client.authorizationCodeGrant(app.config, callback, wrong), oauthError('invalid_grant'));
  await client.authorizationCodeGrant(app.config, callback, checks); // it was nothing but the verifier
});

test('a wrong client secret is invalid_client', async () => {
  const app = await application();
  const { callback, checks } = await authorize(app);
  const wrong = new client.Configuration(app.config.serverMetadata(), app.clientId, {}, client.ClientSecretBasic('no'));
  client.allowInsecureRequests(wrong);
  // RFC 6749 §5.2: 401 with a challenge, which is what the library reports.
  await assert.rejects(client.authorizationCodeGrant(wrong, callback, checks), (problem) => {
    assert.equal(problem.status, 401);
    assert.equal(problem.cause[0].scheme, 'basic');
    return true;
  });
});

test('errors come back with state and iss: access_denied and login_required', async () => {
  const app = await application();
  const refused = await authorize(app, { consent: 'deny' });
  await assert.rejects(
    client.authorizationCodeGrant(app.config, refused.callback, refused.checks),
    oauthError('access_denied'),
  );
  const silent = await authorize(app, { parameters: { prompt: 'none' } });
  await assert.rejects(
    client.authorizationCodeGrant(app.config, silent.callback, silent.checks),
    oauthError('login_required'),
  );
});

test('a live session answers prompt=none, and max_age=0 asks for the password again', async () => {
  const app = await application();
  const browser = new Browser();
  const first = await signIn(app, { browser });
  const silent = await signIn(app, { browser, parameters: { prompt: 'none', scope: 'openid profile' } });
  assert.equal(silent.claims().sub, first.claims().sub);
  assert.equal(silent.claims().auth_time, first.claims().auth_time);

  const { callback, checks } = await authorize(app, { browser, parameters: { prompt: 'none', max_age: '0' } });
  await assert.rejects(client.authorizationCodeGrant(app.config, callback, checks), oauthError('login_required'));
});

test('sign-out from the application ends the session', async () => {
  const app = await application();
  const browser = new Browser();
  const tokens = await signIn(app, { browser });
  const state = 'as it was: ä&?#%20';
  const url = client.buildEndSessionUrl(app.config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: postLogoutRedirectUri,
    state,
  });
  const back = await browser.travel(url, postLogoutRedirectUri);
  assert.equal(back.searchParams.get('state'), state);

  const { callback, checks } = await authorize(app, { browser, parameters: { prompt: 'none' } });
  await assert.rejects(client.authorizationCodeGrant(app.config, callback, checks), oauthError('login_required'));
});

/** What the administrator is given to paste, as a module of its own beside the library; and its text. */
async function pasted(registered) {
  const text = await server.settings(registered, 'openid-client');
  const file = new URL(`../pasted-${registered.client_id}.mjs`, import.meta.url);
  await writeFile(file, text);
  try {
    return { text, ...(await import(file)) };
  } finally {
    await rm(file);
  }
}

/** Does what the comments at the end of the settings say: the request first, then what comes at the redirect URI. */
async function asAdvised({ text, config, parameters, codeVerifier, DPoP }) {
  const [, start, end] = text.match(/^\/\/ (.*), and at the redirect URI:\n\/\/ (.*)$/m);
  const run = (code, currentUrl) =>
    new Function('client', 'config', 'parameters', 'codeVerifier', 'DPoP', 'currentUrl', `return (async () => ${code})()`)(
      ...[client, config, parameters, codeVerifier, DPoP, currentUrl],
    );
  const url = await run(start);
  return { url, tokens: await run(end, await new Browser().travel(url, redirectUri)) };
}

for (const method of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'none']) {
  test(`the settings to paste sign people in: ${method}`, async () => {
    const more = ['--scope', 'openid profile email offline_access', '--id-token-alg', 'ES256'];
    const printed = await server.command(
      ...['client', 'create', '--json', '--name', 'Pasted', '--auth-method', method, '--redirect-uri', redirectUri],
      ...more,
    );
    // A public client of this sort is one of a browser, which has another library: make it a native one.
    const registered = JSON.parse(printed);
    if (method === 'none') {
      const native = ['--metadata', '{"application_type":"native"}'];
      await server.command('client', 'update', registered.client_id, ...native);
    }
    const { tokens } = await asAdvised(await pasted(registered));
    assert.equal(tokens.claims().aud, registered.client_id);
    assert.equal(header(tokens.id_token).alg, 'ES256');
  });
}

test('the settings to paste push what must be pushed, and prove what must be proved', async () => {
  const metadata = { require_pushed_authorization_requests: true, dpop_bound_access_tokens: true };
  const settings = await pasted(await server.register({ redirect_uris: [redirectUri], ...metadata }));
  const { url, tokens } = await asAdvised(settings);
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  assert.equal(tokens.token_type, 'dpop');
  const { DPoP, config } = settings;
  const endpoint = new URL(config.serverMetadata().userinfo_endpoint);
  const ask = (options) =>
    client.fetchProtectedResource(config, tokens.access_token, endpoint, 'GET', undefined, undefined, options);
  assert.equal((await (await ask({ DPoP })).json()).sub, tokens.claims().sub);
});

test('the settings to paste for a machine get it a token', async () => {
  const printed = await server.command(
    ...['client', 'create', '--json', '--name', 'Job', '--kind', 'machine', '--scope', 'orders:read orders:write'],
  );
  const { tokens } = await pasted(JSON.parse(printed));
  assert.equal(tokens.scope, 'orders:read orders:write');
  assert.equal(tokens.token_type, 'bearer');
});

test('the settings to paste for a machine that proves its key get it a token that is bound', async () => {
  const printed = await server.command(
    ...['client', 'create', '--json', '--name', 'Job', '--kind', 'machine', '--scope', 'orders:read'],
    '--dpop-bound-access-tokens',
  );
  const { tokens } = await pasted(JSON.parse(printed));
  assert.equal(tokens.token_type, 'dpop');
});
