// nginx (Debian's package), configured as docs/forward-auth.md says, before an application that knows nothing of
// Countersign.

import { documented, proxyTest, startProxy } from './proxy.mjs';

const configuration = (folder, servers) => `
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log stderr warn;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  ${servers}
}`;

async function start({ port, host, countersign, application }) {
  const servers = await documented('nginx', [
    [/ *ssl_certificate.*\n/g, ''],
    [/listen 443 ssl/g, `listen 127.0.0.1:${port}`],
    [/server_name app\.example\.org/g, `server_name ${host}`],
    [/app\.example\.org/g, `${host}:${port}`],
    [/127\.0\.0\.1:8080/g, countersign],
    [/127\.0\.0\.1:3000/g, application],
  ]);
  return startProxy(
    port,
    (folder) => ({ 'nginx.conf': configuration(folder, servers) }),
    (folder) => ['/usr/sbin/nginx', '-p', folder, '-c', `${folder}/nginx.conf`, '-e', 'stderr'],
  );
}

export const nginxTest = (name, body, settings) => proxyTest(start, name, body, settings);
