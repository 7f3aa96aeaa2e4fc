// What the tests with openid-client (npm) have in common.

import * as client from 'openid-client';
import { Browser } from './browser.mjs';

export const redirectUri = 'http://localhost:9/callback';
export const postLogoutRedirectUri = 'http://localhost:9/signed-out';

export const authentication = {
  client_secret_basic: (secret) => client.ClientSecretBasic(secret),
  client_secret_post: (secret) => client.ClientSecretPost(secret),
  client_secret_jwt: (secret) => client.ClientSecretJwt(secret),
  none: () => client.None(),
};

/**
 * Registers an application by the administration API, and lets the library discover the rest. With a `key` it
 * authenticates by private_key_jwt.
 */
export async function application(server, metadata, { key, execute = [] } = {}) {
  const registered = await server.register({ redirect_uris: [redirectUri], ...metadata });
  const config = await client.discovery(
    new URL(server.issuer),
    registered.client_id,
    registered,
    key ? client.PrivateKeyJwt(key) : authentication[registered.token_endpoint_auth_method](registered.client_secret),
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks, ...execute] },
  );
  return { config, clientId: registered.client_id };
}

/** A flow from the library's request to the callback. `build` makes the URL of the parameters. */
export async function authorize({ config }, { browser = new Browser(), consent, parameters = {}, build } = {}) {
  const checks = {
    pkceCodeVerifier: client.randomPKCECodeVerifier(),
    expectedNonce: client.randomNonce(),
    expectedState: client.randomState(),
    idTokenExpected: true,
  };
  const url = await (build ?? client.buildAuthorizationUrl)(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email offline_access',
    code_challenge: await client.calculatePKCECodeChallenge(checks.pkceCodeVerifier),
    code_challenge_method: 'S256',
    nonce: checks.expectedNonce,
    state: checks.expectedState,
    ...parameters,
  });
  return { callback: await browser.travel(url, redirectUri, { consent }), checks };
}

export async function signIn(app, options) {
  const { callback, checks } = await authorize(app, options);
  return client.authorizationCodeGrant(app.config, callback, checks);
}

export const header = (jwt) => JSON.parse(Buffer.from(jwt.split('.')[0], 'base64url'));
export const oauthError = (code) => ({ error: code });
