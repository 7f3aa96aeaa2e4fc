// oidc-client-ts (npm) in an application that lives in the browser, on an origin of its own.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { signIn } from '../browser/pages.mjs';
import { browserTest } from '../browser/support.mjs';

const file = '../node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js';
const library = await readFile(new URL(file, import.meta.url));

/** What its developer writes: one page for everything, which finishes a sign-in or a sign-out when it was led back. */
const page = (manager) => `<!doctype html><meta charset="utf-8"><title>Relying party</title>
<script src="/oidc-client-ts.js"></script>
<script>
  ${manager}
  const happened = [];
  for (const event of ['UserLoaded', 'UserSignedOut', 'SilentRenewError'])
    manager.events['add' + event](() => happened.push(event));
  const failed = (problem) => ({ error: problem.error ?? String(problem) });
  const outcome = (promise) => promise.catch(failed);
  const callback = { '/callback': 'signinCallback', '/signed-out': 'signoutCallback' }[location.pathname];
  const result = callback ? outcome(manager[callback]()) : undefined;
</script>`;

async function serve(settings) {
  const server = createServer((request, answer) => {
    const isLibrary = request.url === '/oidc-client-ts.js';
    answer.setHeader('content-type', isLibrary ? 'text/javascript' : 'text/html');
    answer.end(isLibrary ? library : page(app.manager ?? `const manager = new oidc.UserManager(${JSON.stringify(settings)});`));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://localhost:${server.address().port}`;
  Object.assign(settings, { redirect_uri: `${origin}/callback`, post_logout_redirect_uri: `${origin}/signed-out` });
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  const app = { origin, stop, settings };
  return app;
}

/** A browser test with such an application, registered and open in `page`. */
export function applicationTest(name, body, settings = {}) {
  browserTest(name, async ({ server, page, origins, ...more }) => {
    const app = await serve({
      authority: server.issuer,
      client_id: 'spa',
      scope: 'openid profile email',
      automaticSilentRenew: false,
      ...settings,
    });
    try {
      origins.push(app.origin);
      await server.command(
        ...['client', 'create', '--public', '--id', 'spa', '--name', 'oidc-client-ts'],
        ...['--redirect-uri', app.settings.redirect_uri, '--scope', 'openid profile email offline_access'],
        ...['--post-logout-redirect-uri', app.settings.post_logout_redirect_uri],
      );
      await page.goto(app.origin);
      await body({ server, page, app, origins, ...more });
    } finally {
      app.stop();
    }
  });
}

/** From the application to the application, by way of the pages of the provider. */
export async function signInByRedirect(page, { consent = 'allow' } = {}) {
  await page.evaluate(() => void manager.signinRedirect({ state: { page: 'as it was' } }));
  await signIn(page);
  await page.click(`#consent-${consent}`);
  await page.waitForURL((url) => url.pathname === '/callback');
  return page.evaluate(() => result);
}

export const stored = (page) => page.evaluate(() => manager.getUser());
export const silent = (page) => page.evaluate(() => outcome(manager.signinSilent()));
