// An application of a test's own: a web server that remembers what it was asked for.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';

const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk';

/** `pages` answers paths: (request, response) => …; whatever else is asked for is an empty page. */
export async function startApplication(pages = {}, host = 'localhost') {
  const asked = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url, 'http://application');
    asked.push(url);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    (pages[url.pathname] ?? ((_, response) => response.end(`<title>${url.pathname}</title>`)))(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://${host}:${server.address().port}`;
  return {
    origin,
    /** The requests for a path, as URLs. */
    asked: (path) => asked.filter((url) => url.pathname === path),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** An authorization request whose answer goes to the application's /callback. */
export function authorization(server, application, clientId) {
  return `${server.issuer}/authorize?${new URLSearchParams({
    client_id: clientId,
    redirect_uri: `${application.origin}/callback`,
    response_type: 'code',
    scope: 'openid',
    nonce: 'n',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })}`;
}
