// Caddy (Debian's package), configured as docs/forward-auth.md says, before an application that knows nothing of Countersign.

import { documented, proxyTest, startProxy } from './proxy.mjs';

// Without certificates and without the interface by which its settings are changed.
const configuration = (sites) => `
{
    admin off
    auto_https off
}
${sites}`;

async function start({ port, host, countersign, application }) {
  const sites = await documented('caddyfile', [
    [/app\.example\.org \{\n/g, `http://${host}:${port} {\n    bind 127.0.0.1\n`],
    [/127\.0\.0\.1:8080/g, countersign],
    [/127\.0\.0\.1:3000/g, application],
  ]);
  return startProxy(
    port,
    () => ({ Caddyfile: configuration(sites) }),
    (folder) => ['/usr/bin/caddy', 'run', '--adapter', 'caddyfile', '--config', `${folder}/Caddyfile`],
  );
}

export const caddyTest = (name, body, settings) => proxyTest(start, name, body, settings);
