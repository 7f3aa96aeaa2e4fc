// oidc-provider (npm) as an upstream provider, and a server that has it in its configuration.

import { once } from 'node:events';
import Provider from 'oidc-provider';
import { freePorts, serve } from '../countersign.mjs';

/** oidc-provider as it comes, with one client: whoever types a name is that user, and has a verified address. */
function provider(origin, redirectUri) {
  const op = new Provider(origin, {
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
  return op.listen(new URL(origin).port, '127.0.0.1');
}

/** A server with this provider in its configuration, and with one that is never asked. */
export async function serveWithUpstream() {
  const [port] = await freePorts(1);
  const upstream = `http://localhost:${port}`;
  const server = await serve(
    (address) => `
[listen]
address = "${address}"
[[upstream]]
id = "op"
name = "The other provider"
kind = "openid-connect"
issuer = "${upstream}"
client_id = "countersign"
client_secret = "s3cret & more"
sign_up = true
[[upstream]]
preset = "github"
client_id = "Iv1.0123456789abcdef"
client_secret = "0123456789abcdef"
`,
  );
  const op = provider(upstream, `${server.issuer}/upstream/op/callback`);
  await once(op, 'listening');
  const stop = async () => {
    op.close();
    op.closeAllConnections?.();
    await server.stop();
  };
  return { ...server, upstream, stop };
}

/** From the sign-in page to the provider's own. */
export async function leaveFor(page, { upstream }) {
  await page.click('text=Sign in with The other provider');
  await page.waitForURL(`${upstream}/**`);
}

/** Signs in there, and allows it. */
export async function signInThere(page, name) {
  await page.fill('input[name=login]', name);
  await page.fill('input[name=password]', 'anything');
  await page.click('button[type=submit]');
  await page.click('button[type=submit]');
}
