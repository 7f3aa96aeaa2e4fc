// A person with a browser, as far as the forms of sign-in, consent and sign-out go: follows redirects, keeps cookies,
// and presses the buttons of the pages it meets.

import assert from 'node:assert/strict';
import { demoUser } from '../countersign.mjs';

export class Browser {
  #cookies = new Map();

  /** Goes to `url` and on, until a redirect leads to `destination`, which is returned and not visited. */
  async travel(url, destination, { consent = 'allow' } = {}) {
    let request = { url: String(url) };
    for (let step = 0; step < 20; step += 1) {
      const answer = await this.#send(request);
      const location = answer.headers.get('location');
      if (location) {
        const next = new URL(location, request.url);
        if (next.href.startsWith(destination)) return next;
        request = { url: next.href };
      } else {
        const page = await answer.text();
        assert.equal(answer.status, 200, `${request.url} answered ${answer.status}:\n${page}`);
        request = fillIn(page, request.url, consent);
      }
    }
    throw new Error(`Twenty steps did not lead to ${destination}, only to ${request.url}`);
  }

  async #send({ url, form }) {
    const headers = { cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
    if (form) headers.origin = new URL(url).origin;
    const answer = await fetch(url, { method: form ? 'POST' : 'GET', body: form, headers, redirect: 'manual' });
    for (const cookie of answer.headers.getSetCookie()) {
      const [, name, value] = cookie.match(/^([^=]+)=([^;]*)/);
      if (/max-age=0\b/i.test(cookie)) this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return answer;
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

function attributes(tag) {
  const pairs = tag.slice(0, tag.indexOf('>')).matchAll(/([\w-]+)="([^"]*)"/g);
  return Object.fromEntries([...pairs].map(([, name, value]) => [name, unescape(value)]));
}

function unescape(text) {
  const names = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) => (code ? String.fromCodePoint(code) : (names[name] ?? whole)));
}
