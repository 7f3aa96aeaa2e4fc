// A person with a browser, as far as the forms of sign-in, consent and sign-out go: follows redirects, keeps cookies,
// and presses the buttons of the pages it meets.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { demoUser } from '../countersign.mjs';

export class Browser {
  #cookies = new Map();

  /**
   * Goes to `url` and on, until a redirect leads to `destination`, which is returned and not visited; or until a page
   * posts a form there by itself, whose request is returned and not sent.
   */
  async travel(url, destination, { consent = 'allow' } = {}) {
    let next = { url: String(url) };
    for (let step = 0; step < 20; step += 1) {
      const { status, location, page } = await this.#send(next);
      if (location) {
        const target = new URL(location, next.url);
        if (target.href.startsWith(destination)) return target;
        next = { url: target.href };
      } else {
        assert.equal(status, 200, `${next.url} answered ${status}:\n${page}`);
        const posted = formPost(page, destination);
        if (posted) return posted;
        next = fillIn(page, next.url, consent);
      }
    }
    throw new Error(`Twenty steps did not lead to ${destination}, only to ${next.url}`);
  }

  // Not fetch: that of Node 18 does not tell several cookies apart.
  async #send({ url, form }) {
    const headers = { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    if (form) {
      headers.origin = new URL(url).origin;
      headers['content-type'] = 'application/x-www-form-urlencoded';
    }
    const sent = request(url, { method: form ? 'POST' : 'GET', headers }).end(form?.toString());
    const [answer] = await once(sent, 'response');
    let page = '';
    for await (const part of answer.setEncoding('utf8')) page += part;
    for (const cookie of answer.headers['set-cookie'] ?? []) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      if (/max-age=0\b/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return { status: answer.statusCode, location: answer.headers.location, page };
  }
}

function fillIn(page, url, consent) {
  const button = ['login-submit', `consent-${consent}`, 'logout-confirm'].find((id) => page.includes(`id="${id}"`));
  const form = page.match(/<form\b.*?<\/form>/gs)?.find((text) => text.includes(`id="${button}"`));
  assert.ok(button && form, `No form to go on with at ${url}:\n${page}`);
  const fields = new URLSearchParams();
  for (const input of form.matchAll(/<(input|button)\b[^>]*>/g)) {
    const { id, type, name, value = '' } = attributes(input[0]);
    if (name in demoUser) fields.append(name, demoUser[name]);
    else if (name && (type === 'hidden' || id === button)) fields.append(name, value);
  }
  return { url: new URL(attributes(form).action ?? '', url).href, form: fields };
}

/** OAuth 2.0 Form Post Response Mode: the response as the fields of a form. */
function formPost(page, destination) {
  const form = page.match(/<form\b.*?<\/form>/s)?.[0] ?? '';
  const { action = '', method = '' } = attributes(form);
  if (!action.startsWith(destination)) return undefined;
  assert.equal(method.toLowerCase(), 'post');
  const fields = [...form.matchAll(/<input\b[^>]*>/g)].map(([input]) => attributes(input));
  const body = new URLSearchParams(fields.filter(({ name }) => name).map(({ name, value = '' }) => [name, value]));
  return new Request(action, { method: 'POST', body });
}

function attributes(tag) {
  const pairs = tag.slice(0, tag.indexOf('>')).matchAll(/([\w-]+)="([^"]*)"/g);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name, unescape(value)]));
}

function unescape(text) {
  const names = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) => (code ? String.fromCodePoint(code) : (names[name] ?? whole)));
}
