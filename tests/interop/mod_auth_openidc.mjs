// Apache's mod_auth_openidc (Debian's packages): an Apache of the test's own, which asks for a sign-in before it passes
// requests on to an application.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { signIn } from '../browser/pages.mjs';
import { browserTest } from '../browser/support.mjs';
import { freePorts } from '../countersign.mjs';

const modules = ['mpm_event', 'authn_core', 'authz_core', 'authz_user', 'proxy', 'proxy_http', 'auth_openidc'];

/** How it is connected, unless that is `pasted`. */
const connection = ({ port, issuer, client }) => `
OIDCProviderMetadataURL ${issuer}/.well-known/openid-configuration
OIDCClientID ${client.client_id}
OIDCClientSecret ${client.client_secret}
OIDCProviderTokenEndpointAuth ${client.token_endpoint_auth_method}
OIDCRedirectURI http://localhost:${port}/protected/oidc
OIDCScope "openid profile email offline_access"
OIDCPKCEMethod S256
OIDCCryptoPassphrase "only for this test"`;

const configuration = ({ folder, port, application, issuer, client, pasted, directives }) => `
ServerRoot ${folder}
ServerName localhost
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
ErrorLog ${folder}/log
LogLevel warn
User www-data
Group www-data
StartServers 1
${modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}

${pasted ?? connection({ port, issuer, client })}
OIDCInfoHook access_token id_token refresh_token userinfo
${directives.join('\n')}

ProxyPass /protected/oidc !
ProxyPass / http://127.0.0.1:${application}/
<Location /protected>
  AuthType openid-connect
  Require valid-user
</Location>`;

/** What Apache protects: answers with the headers that reach it. */
async function serveApplication() {
  const server = createServer((request, answer) => {
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ path: request.url, ...request.headers }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

async function startApache(settings) {
  const folder = await mkdtemp(join(tmpdir(), 'apache-'));
  await writeFile(join(folder, 'apache.conf'), configuration({ folder, ...settings }));
  // In the foreground it stays in the process group of the tests, and is stopped with it if they are.
  const apache = spawn('/usr/sbin/apache2', ['-f', join(folder, 'apache.conf'), '-DFOREGROUND'], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = once(apache, 'close');
  const log = () => readFile(join(folder, 'log'), 'utf8').catch(() => '');
  const stop = async () => {
    apache.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
  const origin = `http://localhost:${settings.port}`;
  for (const end = Date.now() + 10_000; Date.now() < end && apache.exitCode === null; await sleep(20)) {
    if (await fetch(origin).then((answer) => answer.ok, () => false)) return { origin, log, stop };
  }
  console.error(`Apache said:\n${await log()}`);
  await stop();
  throw new Error('Apache does not answer');
}

/** A browser test with an Apache that is registered as a client; its `metadata` may depend on its redirect URI. */
export function apacheTest(name, body, { metadata = {}, directives = [], paste = false } = {}) {
  browserTest(name, async ({ server, origins, ...rest }) => {
    const [port] = await freePorts(1);
    const origin = `http://localhost:${port}`;
    const client = await server.register({
      redirect_uris: [`${origin}/protected/oidc`],
      post_logout_redirect_uris: [`${origin}/signed-out`],
      ...(typeof metadata === 'function' ? metadata(`${origin}/protected/oidc`) : metadata),
    });
    // The directives that an administrator is given, with the secret put in; what is protected, is the test's matter.
    const text = paste ? await server.settings(client, 'mod_auth_openidc') : undefined;
    const pasted = text?.replace(/<Location[^]*Location>/, '');
    const application = await serveApplication();
    let apache;
    try {
      apache = await startApache({
        port,
        application: application.address().port,
        issuer: server.issuer,
        client,
        pasted,
        directives,
      });
      origins.push(origin);
      await body({ server, apache, origins, ...rest });
    } catch (problem) {
      console.error(`Apache said:\n${await apache?.log()}`);
      throw problem;
    } finally {
      await apache?.stop();
      application.close();
      application.closeAllConnections();
    }
  });
}

export const json = async (page) => JSON.parse(await page.textContent('body'));

/** To the protected page, by way of the pages of the provider. */
export async function visit(page, apache) {
  await page.goto(`${apache.origin}/protected/page?as=it+was`);
  await signIn(page);
  await page.click('#consent-allow');
  await page.waitForURL(`${apache.origin}/protected/page?as=it+was`);
  return json(page);
}

/** What the module knows about the session. */
export async function info(page, apache) {
  await page.goto(`${apache.origin}/protected/oidc?info=json`);
  return json(page);
}

/** Signed out of Apache means: its page leads to the provider. */
export async function assertStranger(page, { server, apache }) {
  await page.goto(`${apache.origin}/protected/page`);
  await page.waitForSelector('#password');
  assert.equal(new URL(page.url()).origin, server.issuer);
}
