// Signing in with an account at oidc-provider (npm), in Chromium: what one library serves and the other browser enforces.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import Provider from 'oidc-provider';
import { freePorts } from '../countersign.mjs';
import { browser } from './support.mjs';

const binary = fileURLToPath(new URL('../../target/debug/countersign', import.meta.url));

/** oidc-provider as it comes, with one client: whoever types a name is that user, and has a verified address. */
function provider(issuer, redirectUri) {
  const op = new Provider(issuer, {
    clients: [{ client_id: 'countersign', client_secret: 's3cret & more', redirect_uris: [redirectUri] }],
    pkce: { required: () => true },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'preferred_username'] },
    findAccount: (_, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@example.org`,
        email_verified: true,
        name: `${id} of oidc-provider`,
        preferred_username: id,
      }),
    }),
  });
  return op.listen(new URL(issuer).port, '127.0.0.1');
}

/** A server with this provider in its configuration. */
async function serve(issuer, upstream) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-upstream-'));
  const config = join(folder, 'countersign.toml');
  await writeFile(join(folder, 'op-secret'), 's3cret & more\n');
  await chmod(join(folder, 'op-secret'), 0o600);
  await writeFile(
    config,
    `issuer = "${issuer}"
secret = "kJ2v9Qm4Xr7Lw0Zt5Yb8Nc1Hf6Ds3Ga+PeVuTiRoEqM="
data_dir = "data"
[listen]
address = "127.0.0.1:${new URL(issuer).port}"
[[upstream]]
id = "op"
name = "The other provider"
kind = "openid-connect"
issuer = "${upstream}"
client_id = "countersign"
client_secret_file = "op-secret"
sign_up = true
`,
  );
  const server = spawn(binary, ['--config', config, 'serve'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (output += text));
  const stop = async () => {
    server.kill('SIGTERM');
    if (server.exitCode === null) await once(server, 'close');
    await rm(folder, { recursive: true, force: true });
    assert.ok(!output.includes('panicked at'), output);
  };
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    if (server.exitCode !== null) throw new Error(`It ended:\n${output}`);
    if ((await fetch(`${issuer}/health/ready`).then((answer) => answer.status, () => 0)) === 200) return stop;
  }
  await stop();
  throw new Error(`It did not come up:\n${output}`);
}

test('an account at oidc-provider opens one here, and a refusal there is told here', { timeout: 120_000 }, async () => {
  const [port, upstreamPort] = await freePorts(2);
  const [issuer, upstream] = [`http://localhost:${port}`, `http://localhost:${upstreamPort}`];
  const op = provider(upstream, `${issuer}/upstream/op/callback`);
  const stop = await serve(issuer, upstream);
  const context = await (await browser()).newContext({ locale: 'en' });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const refused = [];
    page.on('console', (message) => message.text().includes('Content Security Policy') && refused.push(message.text()));
    const leave = async () => {
      await page.goto(`${issuer}/account`);
      await page.click('text=Sign in with The other provider');
      await page.waitForURL(`${upstream}/**`);
    };
    // No at the provider.
    await leave();
    await page.click('text=[ Cancel ]');
    await page.waitForSelector('[role=alert]');
    assert.match(await page.textContent('[role=alert]'), /did not allow the sign-in at The other provider/);
    // Yes: a new account.
    await leave();
    await page.fill('input[name=login]', 'grace');
    await page.fill('input[name=password]', 'anything');
    await page.click('button[type=submit]');
    await page.click('button[type=submit]');
    await page.waitForURL(`${issuer}/account`);
    assert.match(await page.textContent('main'), /grace of oidc-provider/);
    // Who is linked comes in again, and finds the account on the page of linked ones.
    await context.clearCookies();
    await leave();
    await page.fill('input[name=login]', 'grace');
    await page.fill('input[name=password]', 'anything');
    await page.click('button[type=submit]');
    await page.click('button[type=submit]');
    await page.waitForURL(`${issuer}/account`);
    await page.goto(`${issuer}/account/linked`);
    assert.match(await page.textContent('main'), /The other provider\s+grace@example.org/);
    assert.equal(await page.locator('ul.rows > li').count(), 1);
    assert.deepEqual(refused, []);
  } finally {
    await context.close();
    op.close();
    op.closeAllConnections?.();
    await stop();
  }
});
