// Starts the program under test: a quickstart with data and ports of its own.

import { spawn } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import dns from 'node:dns';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

// Node 18 looks for localhost on ::1 alone, and has no global crypto.
dns.setDefaultResultOrder('ipv4first');
globalThis.crypto ??= webcrypto;

const binary = fileURLToPath(new URL('../target/debug/countersign', import.meta.url));

// The settings of whoever runs the tests are not the tests'.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('COUNTERSIGN_')),
);

export const demoUser = { username: 'demo', password: 'countersign-demo' };

/** `variables` are those of the environment: COUNTERSIGN_… */
export async function quickstart(variables = {}) {
  const dataDir = await mkdtemp(join(tmpdir(), 'countersign-data-'));
  const [port, demoPort] = await freePorts(2);
  const issuer = `http://localhost:${port}`;
  const demo = `http://localhost:${demoPort}`;
  const args = ['quickstart', '--data-dir', dataDir, '--port', String(port), '--demo-port', String(demoPort)];
  const { stop, output } = await start(args, [`${issuer}/health/ready`, demo], dataDir, variables);
  /** Runs a sub-command on the same data and returns what it printed. */
  const command = (...args) => run(['--data-dir', dataDir, ...args]);
  let administrator;
  /** Registers an application by the administration API, under the names of RFC 7591; returns its metadata. */
  const register = async (metadata) => {
    administrator ??= administratorToken(issuer, command);
    const headers = { authorization: `Bearer ${await administrator}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ client_name: 'A test', scope: 'openid profile email offline_access', ...metadata });
    const answer = await fetch(`${issuer}/admin/api/clients`, { method: 'POST', headers, body });
    if (answer.status !== 201) throw new Error(`Registration answered ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  /** What an administrator is given to paste for a library, with the secret put in. */
  const settings = async ({ client_id: id, client_secret: secret }, library) => {
    administrator ??= administratorToken(issuer, command);
    const headers = { authorization: `Bearer ${await administrator}` };
    const answer = await fetch(`${issuer}/admin/api/clients/${id}/settings`, { headers });
    const found = (await answer.json()).settings.find((each) => each.library === library);
    return found.text.replace('PUT-THE-CLIENT-SECRET-HERE', secret);
  };
  return { issuer, demo, stop, output, command, register, settings };
}

/**
 * A server with a configuration file of the test's own, which need not name issuer, secret, address or database. `named` is its issuer,
 * where a proxy of the test's makes it reachable under another one.
 */
export async function serve(configuration, named) {
  const folder = await mkdtemp(join(tmpdir(), 'countersign-data-'));
  const [port] = await freePorts(1);
  const address = `http://localhost:${port}`;
  const issuer = named ?? address;
  const file = join(folder, 'countersign.toml');
  const secret = Buffer.from(webcrypto.getRandomValues(new Uint8Array(32))).toString('base64');
  const own = `issuer = "${issuer}"\nsecret = "${secret}"\ndata_dir = "."\n`;
  await writeFile(file, own + configuration(`127.0.0.1:${port}`));
  const { stop, output } = await start(['--config', file, 'serve'], [`${address}/health/ready`], folder);
  const command = (args, input) => run(['--config', file, ...args], input);
  return { issuer, port, stop, output, command };
}

/** Starts the program, and waits for these addresses. Its folder goes with it. */
async function start(args, urls, folder, settings = {}) {
  const server = spawn(binary, args, { env: { ...environment, ...settings }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  server.stdout.on('data', (text) => (output += text));
  server.stderr.on('data', (text) => (output += text));
  const ended = once(server, 'close').then(([code, signal]) => signal ?? code);

  async function stop() {
    server.kill('SIGTERM');
    const how = await Promise.race([ended, sleep(15_000, 'still running', { ref: false })]);
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    if (how !== 0) throw new Error(`After SIGTERM it should end with 0, not: ${how}\n${output}`);
    if (output.includes('panicked at')) throw new Error(`It panicked:\n${output}`);
  }

  try {
    for (const url of urls) await answers(url, server);
  } catch (problem) {
    await stop().catch(() => {});
    throw new Error(`${problem.message}\n${output}`);
  }
  return { stop, output: () => output };
}

/** An access token of a client that may administer. */
async function administratorToken(issuer, command) {
  const scope = 'countersign:admin';
  const grant = 'client_credentials';
  const client = JSON.parse(
    await command('client', 'create', '--json', '--name', 'Administrator', '--grant-type', grant, '--scope', scope),
  );
  const credentials = Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64');
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${credentials}` },
    body: new URLSearchParams({ grant_type: grant, scope }),
  });
  return (await answer.json()).access_token;
}

async function answers(url, server) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    if (server.exitCode !== null) throw new Error(`It ended with ${server.exitCode} before ${url} answered`);
    const status = await fetch(url).then((answer) => answer.status, () => 0);
    if (status === 200) return;
  }
  throw new Error(`${url} did not answer 200 within a minute`);
}

async function run(args, input = '') {
  const command = spawn(binary, args, { env: environment, stdio: ['pipe', 'pipe', 'pipe'] });
  command.stdin.end(input);
  let stdout = '';
  let stderr = '';
  command.stdout.on('data', (text) => (stdout += text));
  command.stderr.on('data', (text) => (stderr += text));
  const [code] = await once(command, 'close');
  if (code !== 0) throw new Error(`countersign ${args.join(' ')} ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}

export async function freePorts(count) {
  const listeners = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(listeners.map((listener) => once(listener, 'listening')));
  const ports = listeners.map((listener) => listener.address().port);
  await Promise.all(listeners.map((listener) => once(listener.close(), 'close')));
  return ports;
}
