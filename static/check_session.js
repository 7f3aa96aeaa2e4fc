// The frame of OpenID Connect Session Management 1.0 §3.2: tells applications that poll it whether the browser's session
// is still the one that their session_state is about. src/protocol/session_state.rs makes that value.

const cookie = document.documentElement.dataset.cookie;

/** What the provider's cookie says about the session; empty where nobody is signed in. */
function browserState() {
  const pairs = document.cookie.split('; ').map((pair) => pair.split('='));
  return pairs.find(([name]) => name === cookie)?.[1] ?? '';
}

/** §5.1: a browser that keeps cookies from frames would make every answer "changed". */
async function mayReadCookies() {
  return !document.hasStorageAccess || (await document.hasStorageAccess());
}

async function sha256(text) {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The answer to "client_id session_state" from an origin. */
async function answer(message, origin) {
  const [, client, hash, salt] = /^(.+) ([0-9a-f]{64})\.([\w-]+)$/.exec(message) ?? [];
  if (!client) return 'error';
  const state = browserState();
  if (!state && !(await mayReadCookies())) return 'error';
  return hash === (await sha256(`${client} ${origin} ${state} ${salt}`)) ? 'unchanged' : 'changed';
}

addEventListener('message', async ({ data, origin, source }) => {
  // A frame without an origin of its own cannot be a client's, nor be answered.
  if (!source || origin === 'null' || source === window) return;
  const said = await answer(String(data), origin).catch(() => 'error');
  source.postMessage(said, origin);
});
