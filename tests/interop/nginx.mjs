// nginx (Debian's package), configured as docs/forward-auth.md says, before an application that knows nothing of
// Countersign.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { browser, watch } from '../browser/support.mjs';
import { freePorts, serve } from '../countersign.mjs';

export const ada = { username: 'ada', password: 'a ladder, a lamp and a lantern' };

/** The server block of the documentation, with the names and ports of a test in place of the example's. */
async function documented({ port, host, countersign, application }) {
  const text = await readFile(new URL('../../docs/forward-auth.md', import.meta.url), 'utf8');
  const block = text.split('```nginx\n')[1].split('```')[0];
  const replace = (from, to) => {
    assert.ok(replaced.includes(from), `the documentation holds ${from}`);
    replaced = replaced.replaceAll(from, to);
  };
  let replaced = block.replace(/ *ssl_certificate.*\n/g, '');
  replace('listen 443 ssl', `listen 127.0.0.1:${port}`);
  replace('server_name app.example.org', `server_name ${host}`);
  replace('app.example.org', `${host}:${port}`);
  replace('127.0.0.1:8080', countersign);
  replace('127.0.0.1:3000', `127.0.0.1:${application}`);
  return replaced;
}

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

/** What nginx protects: answers with the headers that reach it. */
async function serveApplication() {
  const server = createServer((asked, answer) => {
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ path: asked.url, method: asked.method, ...asked.headers }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

async function startNginx(port, servers) {
  const folder = await mkdtemp(join(tmpdir(), 'nginx-'));
  await mkdir(join(folder, 'logs'));
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, servers));
  const nginx = spawn('/usr/sbin/nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  nginx.stderr.on('data', (text) => (log += text));
  const ended = once(nginx, 'close');
  const stop = async () => {
    nginx.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
  for (const end = Date.now() + 10_000; Date.now() < end && nginx.exitCode === null; await sleep(20)) {
    if (await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(() => true, () => false)) {
      return { log: () => log, stop };
    }
  }
  await stop();
  throw new Error(`nginx does not answer:\n${log}`);
}

/**
 * `body` gets { server, page, newPage, origin, ask }; ask() is a request of a program's to nginx, as an object of its
 * status, headers and body.
 */
export function nginxTest(name, body, settings = '') {
  test(name, { timeout: 120_000 }, async () => {
    const [port] = await freePorts(1);
    const host = 'app.localhost';
    const origin = `http://${host}:${port}`;
    const application = await serveApplication();
    const contexts = [];
    const troubles = [];
    let countersign;
    const server = await serve((address) => {
      countersign = address;
      return `
[listen]
address = "${address}"
trusted_proxies = ["127.0.0.1"]
[passwords]
memory_kib = 64
iterations = 1
[[forward_auth]]
host = "${host}:${port}"
${settings}`;
    });
    const newPage = async () => {
      const context = await (await browser()).newContext();
      context.setDefaultTimeout(15_000);
      watch(context, [server.issuer, origin], troubles);
      contexts.push(context);
      return context.newPage();
    };
    let nginx;
    try {
      await server.command(['user', 'create', '--username', ada.username, '--password-stdin'], `${ada.password}\n`);
      const block = await documented({ port, host, countersign, application: application.address().port });
      nginx = await startNginx(port, block);
      const ask = (path, headers = {}, method = 'GET') => asked(port, path, method, { host: `${host}:${port}`, ...headers });
      await body({ server, page: await newPage(), newPage, origin, ask });
      assert.deepEqual(troubles, []);
    } catch (problem) {
      console.error(`nginx said:\n${nginx?.log()}\nThe server said:\n${server.output()}`);
      throw problem;
    } finally {
      for (const context of contexts) await context.close();
      await nginx?.stop();
      application.close();
      application.closeAllConnections();
      await server.stop();
    }
  });
}

async function asked(port, path, method, headers) {
  const sent = request({ host: '127.0.0.1', port, path, method, headers });
  sent.end();
  const [answer] = await once(sent, 'response');
  let body = '';
  for await (const text of answer) body += text;
  return { status: answer.statusCode, headers: answer.headers, body };
}

export const json = async (page) => JSON.parse(await page.textContent('body'));
