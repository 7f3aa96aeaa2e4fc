import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { signIn } from './pages.mjs';
import { browserTest } from './support.mjs';

/** As src/protocol/session_state.rs computes it. */
function sessionState(client, origin, state, salt = 'pepper') {
  return `${createHash('sha256').update(`${client} ${origin} ${state} ${salt}`).digest('hex')}.${salt}`;
}

async function browserState(context) {
  return (await context.cookies()).find(({ name }) => name === 'countersign-state')?.value ?? '';
}

/** The page of an application, with the provider's frame in it. */
async function withFrame(page, server, application) {
  await page.goto(application.origin);
  await page.evaluate((address) => {
    const frame = document.createElement('iframe');
    frame.id = 'op';
    frame.src = address;
    return new Promise((done) => {
      frame.onload = done;
      document.body.append(frame);
    });
  }, `${server.issuer}/check-session`);
}

/** Asks the frame, as §3.1 says. */
async function ask(page, server, message) {
  return page.evaluate(
    ([message, origin]) =>
      new Promise((done) => {
        addEventListener('message', ({ data, origin: from }) => from === origin && done(data), { once: true });
        document.getElementById('op').contentWindow.postMessage(message, origin);
      }),
    [message, server.issuer],
  );
}

browserTest('the session frame notices sign-in and sign-out, and nothing else', async ({ server, context, page, application }) => {
  const shop = await application();
  const elsewhere = await context.newPage();
  await withFrame(page, server, shop);
  const signedOut = `shop ${sessionState('shop', shop.origin, '')}`;
  assert.equal(await ask(page, server, signedOut), 'unchanged', 'nobody is signed in');

  await elsewhere.goto(`${server.issuer}/account`);
  await signIn(elsewhere);
  await elsewhere.waitForSelector('text="This device"');
  assert.equal(await ask(page, server, signedOut), 'changed');
  const state = await browserState(context);
  assert.ok(state);
  const signedIn = `shop ${sessionState('shop', shop.origin, state)}`;
  assert.equal(await ask(page, server, signedIn), 'unchanged');
  assert.equal(await ask(page, server, `a client ${sessionState('a client', shop.origin, state)}`), 'unchanged');

  for (const other of [
    `other ${sessionState('shop', shop.origin, state)}`,
    `shop ${sessionState('shop', 'https://shop.example', state)}`,
    `shop ${sessionState('shop', shop.origin, `${state}x`)}`,
    `shop ${sessionState('shop', shop.origin, state).replace('pepper', 'salt')}`,
  ]) {
    assert.equal(await ask(page, server, other), 'changed', other);
  }
  for (const malformed of ['', 'shop', 'shop x.y', ` ${signedIn.split(' ')[1]}`, signedIn.split('.')[0], 7, null, { a: 1 }]) {
    assert.equal(await ask(page, server, malformed), 'error', JSON.stringify(malformed));
  }

  await elsewhere.click('.bar-user button');
  await elsewhere.waitForSelector('text=You are signed out');
  assert.equal(await ask(page, server, signedIn), 'changed');
  assert.equal(await ask(page, server, signedOut), 'unchanged');
});

browserTest('where the browser keeps the cookie from the frame, it does not send applications round in circles', async ({ server, page, application }) => {
  await page.goto(`${server.issuer}/account`);
  await signIn(page);
  await page.waitForSelector('text="This device"');
  const otherSite = await application({}, '127.0.0.1');
  await withFrame(page, server, otherSite);
  assert.equal(await ask(page, server, `shop ${sessionState('shop', otherSite.origin, 'x')}`), 'error');
});
