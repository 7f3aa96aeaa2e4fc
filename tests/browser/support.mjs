// A browser test: its own quickstart, its own browser profile, and a watch over everything the pages do.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { quickstart } from '../countersign.mjs';
import { startApplication } from './application.mjs';
import { launch } from './pages.mjs';

let launched;
after(async () => (await launched)?.close());

export const browser = () => (launched ??= launch());

/**
 * `options` are those of the browser's context, and `variables` those of the server's environment.
 * `body` gets { server, page, context, newBrowser, application, origins }; newBrowser makes a further context without the
 * cookies of the first, application() starts an application of the test's own. Whatever the test is about, it fails too
 * when a page breaks its content security policy, throws, asks an origin for anything that is not in `origins`, or when
 * the server answers with a 5xx.
 */
export function browserTest(name, body, options = {}) {
  test(name, { timeout: 120_000 }, async () => {
    const { variables, ...ofContext } = options;
    const server = await quickstart(variables);
    const origins = [server.issuer, server.demo];
    const contexts = [];
    const troubles = [];
    const applications = [];
    const newBrowser = async () => {
      const context = await (await browser()).newContext(ofContext);
      context.setDefaultTimeout(15_000);
      watch(context, origins, troubles);
      contexts.push(context);
      return context;
    };
    const application = async (...how) => {
      const started = await startApplication(...how);
      applications.push(started);
      origins.push(started.origin);
      return started;
    };
    try {
      const context = await newBrowser();
      await body({ server, context, page: await context.newPage(), newBrowser, application, origins });
      assert.deepEqual(troubles, []);
    } catch (problem) {
      await report(contexts, troubles, server);
      throw problem;
    } finally {
      for (const context of contexts) await context.close();
      for (const { stop } of applications) stop();
      await server.stop();
    }
  });
}

/** Fills `troubles` with what no page may do. What the pages of `elsewhere` load is not ours to say. */
export function watch(context, origins, troubles, elsewhere) {
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol === 'data:' || origins.includes(origin)) return;
    if (elsewhere && request.frame().url().startsWith(`${elsewhere}/`)) return;
    troubles.push(`asked another origin: ${request.url()}`);
  });
  context.on('response', (response) => {
    if (response.status() >= 500) troubles.push(`${response.status()} from ${response.url()}`);
  });
  context.on('console', (message) => {
    if (/content security policy/i.test(message.text())) troubles.push(message.text());
  });
  context.on('weberror', (problem) => troubles.push(`script error: ${problem.error()}`));
}

async function report(contexts, troubles, server) {
  for (const trouble of troubles) console.error(`Noticed: ${trouble}`);
  for (const page of contexts.flatMap((context) => context.pages())) {
    const text = await page.evaluate(() => document.body?.innerText).catch(() => '(no text)');
    console.error(`At ${page.url()}:\n${text}\n`);
  }
  console.error(`The server said:\n${server.output()}`);
}
