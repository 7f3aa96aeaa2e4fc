// A reverse proxy, configured as docs/forward-auth.md says, before an application that knows nothing of Countersign.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { signIn } from '../browser/pages.mjs';
import { browser, watch } from '../browser/support.mjs';
import { freePorts, serve } from '../countersign.mjs';

export const ada = { username: 'ada', password: 'a ladder, a lamp and a lantern' };

/** A block of the documentation, with the names and ports of a test in place of the example's. */
export async function documented(language, replacements) {
  const text = await readFile(new URL('../../docs/forward-auth.md', import.meta.url), 'utf8');
  const block = text.split(`\`\`\`${language}\n`)[1].split('```')[0];
  return replacements.reduce((replaced, [from, to]) => {
    assert.ok(replaced.match(from), `the documentation holds ${from}`);
    return replaced.replaceAll(from, to);
  }, block);
}

/** What the proxy protects: answers with the headers that reach it. */
async function serveApplication() {
  const server = createServer((asked, answer) => {
    answer.setHeader('content-type', 'application/json');
    answer.end(JSON.stringify({ path: asked.url, method: asked.method, ...asked.headers }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

/**
 * Starts a proxy in a folder of its own that holds these files. `command(folder)` is its command line.
 */
export async function startProxy(port, files, command) {
  const folder = await mkdtemp(join(tmpdir(), 'proxy-'));
  await mkdir(join(folder, 'logs'));
  for (const [name, text] of Object.entries(files(folder))) await writeFile(join(folder, name), text);
  const [program, ...words] = command(folder);
  const proxy = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, HOME: folder } });
  let log = '';
  proxy.stderr.on('data', (text) => (log += text));
  const ended = once(proxy, 'close');
  const stop = async () => {
    proxy.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true });
  };
  for (const end = Date.now() + 10_000; Date.now() < end && proxy.exitCode === null; await sleep(20)) {
    if (await fetch(`http://127.0.0.1:${port}/`, { redirect: 'manual' }).then(() => true, () => false)) {
      return { log: () => log, stop };
    }
  }
  await stop();
  throw new Error(`${program} does not answer:\n${log}`);
}

/**
 * `start({ port, host, countersign, application })` starts the proxy, whose addresses those are. `body` gets { server, page,
 * newPage, origin, ask }; ask() is a request of a program's to the proxy, as an object of its status, headers and body.
 */
export function proxyTest(start, name, body, settings = '') {
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
    let proxy;
    try {
      await server.command(['user', 'create', '--username', ada.username, '--password-stdin'], `${ada.password}\n`);
      proxy = await start({ port, host, countersign, application: `127.0.0.1:${application.address().port}` });
      const ask = (path, headers = {}, method = 'GET') => asked(port, path, method, { host: `${host}:${port}`, ...headers });
      await body({ server, page: await newPage(), newPage, origin, ask });
      assert.deepEqual(troubles, []);
    } catch (problem) {
      console.error(`The proxy said:\n${proxy?.log()}\nThe server said:\n${server.output()}`);
      throw problem;
    } finally {
      for (const context of contexts) await context.close();
      await proxy?.stop();
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

export async function enter(page, origin) {
  await page.goto(`${origin}/page?as=it+was&more=%2F`);
  await signIn(page, ada);
  await page.waitForURL(`${origin}/page?as=it+was&more=%2F`);
  return json(page);
}
