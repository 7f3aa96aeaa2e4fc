// The watch of support.mjs is only worth something if it sees what it is there to see.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import test from 'node:test';
import { browser, watch } from './support.mjs';

async function serve(answer) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://localhost:${server.address().port}`, stop };
}

test('the watch notices a broken content security policy, foreign requests, 5xx answers and script errors', async () => {
  const context = await (await browser()).newContext();
  const foreign = await serve((_, answer) => answer.end());
  const own = await serve((request, answer) => {
    if (request.url === '/broken') return answer.writeHead(503).end();
    answer.setHeader('content-type', 'text/html');
    answer.setHeader('content-security-policy', "default-src 'self'; script-src 'sha256-x' 'nonce-n'; img-src *");
    answer.end(`<script>document.title = 'inline'</script><script nonce="n">throw new Error('oops')</script>
      <img src="${foreign.origin}/pixel"><img src="/broken">`);
  });
  const troubles = [];
  watch(context, [own.origin], troubles);
  try {
    await (await context.newPage()).goto(own.origin, { waitUntil: 'networkidle' });
  } finally {
    await context.close();
    own.stop();
    foreign.stop();
  }
  for (const sign of [/Content Security Policy/, /another origin: .*pixel/, /503 from .*broken/, /script error: .*oops/]) {
    assert.ok(troubles.some((trouble) => sign.test(trouble)), `${sign} in ${JSON.stringify(troubles)}`);
  }
});
