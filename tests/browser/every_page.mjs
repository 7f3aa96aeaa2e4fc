// Every page, in the order in which a person meets them: for the pictures and for what must hold on each.

import { demoUser, quickstart } from '../countersign.mjs';
import { administrator, invite, mailed, mailedLink, setupLink, signIn, startAtDemo, timeBasedCode } from './pages.mjs';
import { leaveFor, serveWithUpstream, signInThere } from './upstream.mjs';

/** What a quickstart must be started with so that its pages are all there. */
const settings = {
  COUNTERSIGN_REGISTRATION_MODE: 'open',
  COUNTERSIGN_SIGN_UP_MODE: 'open',
  COUNTERSIGN_SIGN_IN_EMAIL_CODE: 'true',
};

/** An application that registers itself, in the demo's place. */
const unverified = (origin) => ({
  client_name: 'Lighthouse Travel',
  client_uri: 'https://travel.example',
  policy_uri: 'https://travel.example/privacy',
  redirect_uris: [`${origin}/callback`],
  token_endpoint_auth_method: 'none',
});

/** One with a logo and a colour of its own. */
const branded = (origin) => ({
  client_name: 'Bramble & Sons',
  logo_uri: `${origin}/assets/demo.svg`,
  accent_color: '#7a1f5c',
  redirect_uris: [`${origin}/callback`],
  token_endpoint_auth_method: 'none',
});

/** One on a device without a browser. */
export const television = {
  client_name: 'Living Room TV',
  client_uri: 'https://tv.example',
  grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  token_endpoint_auth_method: 'none',
};

/** What a device of this server shows. */
export async function shownCode(server, client_id, scope = 'openid profile email offline_access') {
  const answer = await fetch(`${server.issuer}/device_authorization`, { method: 'POST', body: new URLSearchParams({ client_id, scope }) });
  return (await answer.json()).user_code;
}

/** Types it. */
async function connect(page, code) {
  await page.fill('#user_code', code);
  await page.click('#device-continue');
}

/** A logo. */
const logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><circle cx="12" cy="12" r="11" fill="#7a1f5c"/>' +
  '<path d="M7 13l4 4 7-9" fill="none" stroke="#fff" stroke-width="3"/></svg>';

/** An authorization request for everything. */
const authorization = (issuer, fields) =>
  `${issuer}/authorize?${new URLSearchParams({
    response_type: 'code',
    scope: 'openid profile email address phone',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...fields,
  })}`;

/** Each gets the browser's page, where the one before left it, and the server. */
const ofQuickstart = {
  'demo-home': (page, { demo }) => page.goto(demo),
  'sign-in': (page, server) => startAtDemo(page, server),
  'sign-in-wrong': (page) => signIn(page, { ...demoUser, password: 'wrong' }).then(() => page.waitForSelector('[role=alert]')),
  consent: (page) => signIn(page).then(() => page.waitForSelector('#consent-deny')),
  'demo-problem': (page) => page.click('#consent-deny').then(() => page.waitForSelector('text=access_denied')),
  'demo-claims': async (page, server) => {
    await startAtDemo(page, server);
    await page.click('#consent-allow');
    await page.waitForSelector('#claims');
  },
  'choose-account': async (page, server) => {
    const demo = { client_id: 'acme-notes', redirect_uri: `${server.demo}/callback` };
    await page.goto(authorization(server.issuer, { ...demo, prompt: 'select_account' }));
    await page.waitForSelector('#login-continue');
  },
  account: (page, { issuer }) => page.goto(`${issuer}/account`),
  profile: (page, { issuer }) => page.goto(`${issuer}/account/profile`),
  'profile-wrong': async (page) => {
    await page.fill('#phone_number', '12345');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('[role=alert]');
  },
  'new-address': (page, { issuer }) => page.goto(`${issuer}/account/profile/address`),
  'profile-address-waits': async (page) => {
    await page.fill('#email', 'demo@example.org');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('text=waits to be confirmed');
  },
  'verify-address': async (page, server) => page.goto(await mailedLink(server, '/verify-address')),
  activity: (page, { issuer }) => page.goto(`${issuer}/account/activity`),
  'your-data': (page, { issuer }) => page.goto(`${issuer}/account/data`),
  'delete-account-wrong': async (page) => {
    await page.click('.confirm > summary');
    await page.fill('#username', 'somebody');
    await page.click('.confirm button[type=submit]');
    await page.waitForSelector('[role=alert]');
  },
  device: (page, { issuer }) => page.goto(`${issuer}/device`),
  'device-wrong': async (page) => {
    await connect(page, 'BCDF-GHJK');
    await page.waitForSelector('[role=alert]');
  },
  'device-allow': async (page, server) => {
    const { client_id } = await server.register(television);
    await connect(page, await shownCode(server, client_id));
    await page.waitForSelector('#device-allow');
  },
  'device-allowed': async (page) => {
    await page.click('#device-allow');
    await page.waitForSelector('#device-done');
  },
  'device-allow-unverified': async (page, server) => {
    const answer = await page.request.post(`${server.issuer}/register`, { data: television });
    await page.goto(`${server.issuer}/device?user_code=${await shownCode(server, (await answer.json()).client_id, 'openid')}`);
    await page.click('#device-continue');
    await page.waitForSelector('#unverified');
  },
  'device-denied': async (page) => {
    await page.click('#device-deny');
    await page.waitForSelector('#device-done');
  },
  forbidden: (page, { issuer }) => page.goto(`${issuer}/admin`),
  recover: async (page, { issuer }) => {
    await page.context().clearCookies();
    await page.goto(`${issuer}/login`);
    await page.click('text=Forgot your password?');
    await page.waitForSelector('#recover-submit');
  },
  'recovery-sent': async (page) => {
    await page.fill('#username', demoUser.username);
    await page.click('#recover-submit');
    await page.waitForSelector('text=Look into your mail');
  },
  'new-password': async (page, server) => page.goto(await mailedLink(server, '/recover/password')),
  'new-password-weak': async (page) => {
    await page.fill('#password', 'demo@example.com');
    await page.click('#password-submit');
    await page.waitForSelector('[role=alert]');
  },
  'sign-up': async (page, { issuer }) => {
    await page.context().clearCookies();
    await page.goto(`${issuer}/sign-up`);
  },
  'sign-up-sent': async (page) => {
    await page.fill('#email', 'ada@example.com');
    await page.click('#sign-up-submit');
    await page.waitForSelector('text=Look at your mail');
  },
  'code-ask': async (page, { issuer }) => {
    await page.goto(`${issuer}/login`);
    await page.click('#login-email');
    await page.waitForSelector('#code-send');
  },
  'code-enter': async (page) => {
    await page.fill('#username', demoUser.username);
    await page.click('#code-send');
    await page.waitForSelector('#code-submit');
  },
  'code-enter-wrong': async (page) => {
    await page.fill('#code', '12345678');
    await page.click('#code-submit');
    await page.waitForSelector('[role=alert]');
  },
  'code-elsewhere': async (page, server) => {
    const link = await mailedLink(server, '/login/code');
    await page.context().clearCookies();
    await page.goto(link);
  },
  'sign-in-branded': async (page, server) => {
    await page.context().clearCookies();
    const { client_id, redirect_uris: [redirect_uri] } = await server.register(branded(server.demo));
    await page.goto(authorization(server.issuer, { client_id, redirect_uri }));
    await page.waitForFunction(() => document.querySelector('.tile img')?.naturalWidth > 0);
  },
  'consent-branded': (page) => signIn(page).then(() => page.waitForSelector('#consent-deny')),
  'sign-in-unverified': async (page, { issuer, demo }) => {
    await page.context().clearCookies();
    const answer = await page.request.post(`${issuer}/register`, { data: unverified(demo) });
    const { client_id, redirect_uris: [redirect_uri] } = await answer.json();
    await page.goto(authorization(issuer, { client_id, redirect_uri }));
    await page.waitForSelector('#unverified');
  },
  'consent-unverified': (page) => signIn(page).then(() => page.waitForSelector('#consent-deny')),
  'form-post': async (page, server) => {
    const { client_id } = await server.register({ client_name: 'Bookshop', redirect_uris: [`${server.demo}/callback`], skip_consent: true });
    // It would go on by itself.
    await page.route('**/assets/form_post*', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    const demo = { client_id, redirect_uri: `${server.demo}/callback`, scope: 'openid', response_mode: 'form_post' };
    await page.goto(authorization(server.issuer, demo));
    if (await page.locator('#login-submit').count()) await signIn(page);
    await page.waitForSelector('#form-post');
    await page.unroute('**/assets/form_post*');
  },
  'signing-out': async (page, server) => {
    const redirect_uri = `${server.demo}/callback`;
    const metadata = { redirect_uris: [redirect_uri], skip_consent: true, frontchannel_logout_uri: `${server.demo}/out` };
    const { client_id } = await server.register({ client_name: 'Tea Time', ...metadata });
    await page.route(`${server.demo}/callback*`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>back</title>' }));
    await page.goto(authorization(server.issuer, { client_id, redirect_uri, scope: 'openid' }));
    await page.waitForURL(`${server.demo}/callback*`);
    await page.unroute(`${server.demo}/callback*`);
    await page.route(`${server.demo}/out*`, (route) => route.fulfill({ contentType: 'text/html', body: '<title>out</title>' }));
    await page.route('**/assets/front_channel_logout*', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }));
    await page.goto(`${server.issuer}/logout`);
    await page.click('#logout-confirm');
    await page.waitForSelector('#next');
    await page.unroute('**/assets/front_channel_logout*');
    await page.unroute(`${server.demo}/out*`);
  },
  'sign-out': async (page, { issuer }) => {
    await page.goto(`${issuer}/account`);
    await signIn(page);
    await page.waitForURL(`${issuer}/account`);
    await page.goto(`${issuer}/logout`);
  },
  'signed-out': (page) => page.click('#logout-confirm').then(() => page.waitForSelector('text=You are signed out')),
  error: (page, { issuer }) => page.goto(`${issuer}/authorize?client_id=nobody&response_type=code`),
  setup: (page, server) => page.goto(setupLink(server)),
  'setup-done': async (page) => {
    await page.fill('#username', administrator.username);
    await page.fill('#password', administrator.password);
    await page.click('#setup-submit');
    await page.waitForSelector('text=is the administrator');
  },
  admin: async (page, { issuer }) => {
    await page.goto(`${issuer}/admin`);
    if (await page.locator('#login-submit').count()) await signIn(page, administrator);
    await page.waitForSelector('text=Signing and encryption keys');
  },
  'admin-day': (page, { issuer }) => page.goto(`${issuer}/admin?span=day`),
  'admin-audit': (page, { issuer }) => page.goto(`${issuer}/admin/audit`),
  'admin-audit-filtered': (page, { issuer }) => page.goto(`${issuer}/admin/audit?actor=${administrator.username}`),
  'admin-audit-wrong': (page, { issuer }) => page.goto(`${issuer}/admin/audit?since=yesterday`),
  'admin-clients': (page, { issuer }) => page.goto(`${issuer}/admin/clients`),
  'admin-client-kinds': (page, { issuer }) => page.goto(`${issuer}/admin/clients/new`),
  'admin-client-wizard': (page) => page.click('text=Web application').then(() => page.waitForSelector('#redirect_uris')),
  'admin-client-checked': async (page) => {
    await page.fill('#redirect_uris', 'https://bookshop.example/\nhttps://bookshop.example/#/callback\nhttp://bookshop.example/callback');
    await page.click('text=Check the address');
    await page.waitForSelector('#findings');
  },
  'admin-client-wrong': async (page) => {
    await page.fill('#name', 'Bookshop');
    await page.click('text=Register application');
    await page.waitForSelector('[role=alert]');
  },
  'admin-client-secret': async (page) => {
    await page.fill('#redirect_uris', 'https://bookshop.example/');
    await page.click('text=Register application');
    await page.waitForSelector('#client-secret');
  },
  'admin-client-machine': (page, { issuer }) => page.goto(`${issuer}/admin/clients/new/machine`),
  'admin-client-device': (page, { issuer }) => page.goto(`${issuer}/admin/clients/new/device`),
  'admin-client-new': (page, { issuer }) => page.goto(`${issuer}/admin/clients/new/other`),
  'admin-client-preview': async (page, { issuer }) => {
    await page.goto(`${issuer}/admin/clients/acme-notes/preview`);
    await page.fill('#user', administrator.username);
    await page.click('main form button[type=submit]');
    await page.waitForSelector('#g-userinfo');
  },
  'admin-users': (page, { issuer }) => page.goto(`${issuer}/admin/users`),
  'admin-invitations': (page, server) => invite(page, server, 'grace@example.org'),
  'admin-user': async (page, { issuer }) => {
    await page.goto(`${issuer}/admin/users`);
    await page.click('th a');
    await page.waitForSelector('#g-danger');
  },
  'admin-group-new': (page, { issuer }) => page.goto(`${issuer}/admin/groups/new`),
  'admin-group': async (page) => {
    await page.fill('#name', 'administrators');
    await page.fill('#description', 'Who may change anything');
    await page.selectOption('#least_acr', 'phishing-resistant');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('#member');
    await page.fill('#member', administrator.username);
    await page.click('text=Add to the group');
    await page.waitForSelector('text=The user is in the group');
  },
  'admin-keys': (page, { issuer }) => page.goto(`${issuer}/admin/keys`),
  'admin-keys-rotate': (page) => page.click('text=Make the next keys').then(() => page.waitForSelector('#at_once')),
  'admin-keys-made': async (page) => {
    await page.click('main form button[type=submit]');
    await page.waitForSelector('text=The next key is made');
  },
  'admin-key-revoke': (page) => page.click('td a').then(() => page.waitForSelector('text=This cannot be undone')),
  'admin-mails': (page, { issuer }) => page.goto(`${issuer}/admin/mails`),
  'admin-mails-failed': (page) => page.click('main >> text=Failed'),
  'admin-registration': (page, { issuer }) => page.goto(`${issuer}/admin/registration`),
  'admin-registration-wrong': async (page) => {
    await page.fill('#uses', '0');
    await page.click('text=Make a token');
    await page.waitForSelector('[role=alert]');
  },
  'admin-registration-token': async (page) => {
    await page.fill('#uses', '3');
    await page.fill('#note', 'Conference in May');
    await page.click('text=Make a token');
    await page.waitForSelector('#registration-token');
  },
  'admin-webhooks-none': (page, { issuer }) => page.goto(`${issuer}/admin/webhooks`),
  'admin-webhook-new': (page) => page.click('text=Add a webhook').then(() => page.waitForSelector('#url')),
  'admin-webhook-wrong': async (page) => {
    await page.fill('#url', 'https://10.0.0.1/in');
    await page.click('text=Add webhook');
    await page.waitForSelector('[role=alert]');
  },
  'admin-webhook-secret': async (page, { demo }) => {
    // The demo application answers, and takes no messages.
    await page.fill('#url', `${demo}/hook`);
    await page.fill('#description', 'SIEM');
    await page.click('label[for="event_session.refused"]');
    await page.click('label[for="event_client.created"]');
    await page.click('text=Add webhook');
    await page.waitForSelector('#webhook-secret');
  },
  'admin-webhook': async (page) => {
    await page.click('#webhook-test');
    await page.waitForSelector('text=It is on its way');
    // It was tried a moment later.
    for (let tries = 0; tries < 20 && !(await page.locator('text=answered with status').count()); tries += 1) {
      await page.waitForTimeout(250);
      await page.reload();
    }
    await page.waitForSelector('text=answered with status');
  },
  'admin-webhooks': (page, { issuer }) => page.goto(`${issuer}/admin/webhooks`),
  'admin-providers-none': (page, { issuer }) => page.goto(`${issuer}/admin/providers`),
  'admin-provider-kinds': (page) => page.click('text=Add a provider').then(() => page.waitForSelector('ul.kinds')),
  'admin-provider-new-apple': (page, { issuer }) => page.goto(`${issuer}/admin/providers/new/apple`),
  'admin-provider-new-microsoft': (page, { issuer }) => page.goto(`${issuer}/admin/providers/new/microsoft`),
  'admin-provider-new-oauth2': (page, { issuer }) => page.goto(`${issuer}/admin/providers/new/oauth2`),
  'admin-provider-new': (page, { issuer }) => page.goto(`${issuer}/admin/providers/new/openid-connect`),
  'admin-provider-wrong': async (page) => {
    await page.fill('#name', 'Acme');
    await page.fill('#id', 'Acme!');
    await page.fill('#issuer', 'http://login.acme.example');
    await page.fill('#client_id', 'countersign');
    await page.click('text=Add provider');
    await page.waitForSelector('[role=alert]');
  },
  'admin-provider': async (page) => {
    await page.fill('#id', 'acme');
    await page.fill('#issuer', 'http://localhost:1024');
    await page.fill('#client_secret', 's3cret');
    await page.click('text=Add provider');
    await page.waitForSelector('#provider-test');
  },
  'admin-provider-tested': async (page) => {
    await page.click('#provider-test');
    await page.waitForSelector('#test');
  },
  'admin-provider-change': async (page) => {
    await page.click('a[href$="/acme/change"]');
    await page.waitForSelector('#issuer');
  },
  'admin-provider-delete': (page, { issuer }) => page.goto(`${issuer}/admin/providers/acme/delete`),
  'admin-providers': async (page, { issuer }) => {
    await page.goto(`${issuer}/admin/providers/acme/change`);
    await page.click('label[for=enabled]');
    await page.click('text=Save changes');
    await page.waitForSelector('#provider-test');
    await page.goto(`${issuer}/admin/providers`);
  },
  'admin-groups': (page, { issuer }) => page.goto(`${issuer}/admin/groups`),
  'admin-scopes-none': (page, { issuer }) => page.goto(`${issuer}/admin/scopes`),
  'admin-scope-new': (page) => page.click('text=Define a scope').then(() => page.waitForSelector('#title')),
  'admin-scope-wrong': async (page) => {
    await page.fill('#name', 'notes.read');
    await page.fill('#title', 'Read your notes');
    await page.fill('[name=claim_0]', 'sub');
    await page.check('[name=id_token_0]');
    await page.click('main button[type=submit]:has-text("Define scope")');
    await page.waitForSelector('[role=alert]');
  },
  'admin-scope': async (page) => {
    await page.fill('[name=claim_0]', 'roles');
    await page.fill('[name=detail_0]', 'notes:');
    await page.check('[name=access_token_0]');
    await page.fill('[name=claim_1]', 'https://notes.example/tenant');
    await page.selectOption('[name=source_1]', 'value');
    await page.fill('[name=detail_1]', '{"id": 7}');
    await page.check('[name=access_token_1]');
    await page.fill('[name=claim_2]', 'locale');
    await page.selectOption('[name=source_2]', 'locale');
    await page.check('[name=userinfo_2]');
    await page.fill('#localized', 'title#de: Ihre Notizen lesen\ntitle#ar: قراءة ملاحظاتك');
    await page.click('main button[type=submit]:has-text("Define scope")');
    await page.waitForSelector('text=The scope is defined');
    await page.fill('#user', administrator.username);
    await page.click('main button[type=submit]:has-text("Show")');
    await page.waitForSelector('h3');
    await page.click('text=Delete this scope');
  },
  'admin-scopes': (page, { issuer }) => page.goto(`${issuer}/admin/scopes`),
  'admin-policies': (page, { issuer }) => page.goto(`${issuer}/admin/policies`),
  'admin-branding': (page, { issuer }) => page.goto(`${issuer}/admin/branding`),
  // What is typed is in the sample before it is sent.
  'admin-branding-typed': async (page) => {
    await page.fill('#name', 'Bramble & Sons');
    await page.fill('#accent_light', '#7a1f5c');
    await page.fill('#accent_dark', '#f2a7d8');
    await page.setInputFiles('#logo', { name: 'logo.svg', mimeType: 'image/svg+xml', buffer: Buffer.from(logo) });
    await page.waitForFunction(() =>
      document.querySelector('.sample img').src.startsWith('blob:') &&
      document.querySelector('.sample img').naturalWidth > 0 &&
      document.querySelector('.sample bdi').textContent === 'Bramble & Sons' &&
      getComputedStyle(document.querySelector('.scheme-light .primary')).backgroundColor === 'rgb(122, 31, 92)' &&
      getComputedStyle(document.querySelector('.scheme-dark .primary')).backgroundColor === 'rgb(242, 167, 216)');
  },
  'admin-branding-wrong': async (page) => {
    await page.fill('#accent_light', '#ffe680');
    await page.click('#branding-save');
    await page.waitForSelector('[role=alert]');
  },
  'admin-branding-saved': async (page) => {
    await page.fill('#accent_light', '#7a1f5c');
    await page.click('#branding-save');
    await page.waitForSelector('text=It is saved');
    await page.waitForFunction(() => document.querySelector('header .logo')?.naturalWidth > 0);
  },
  'admin-branding-back': async (page) => {
    await page.click('.confirm > summary');
    await page.click('text=Take it back');
    await page.waitForSelector('text=is taken back');
  },
  'admin-delegations': async (page, { issuer }) => {
    await page.goto(`${issuer}/admin/delegations`);
    await page.selectOption('#holder_kind', 'group');
    await page.fill('#holder', 'administrators');
    await page.fill('#over', 'acme-notes');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('text=It is delegated');
  },
  'admin-delegations-wrong': async (page) => {
    await page.fill('#holder', 'nobody');
    await page.fill('#over', 'nothing');
    await page.click('main form button[type=submit]');
    await page.waitForSelector('#holder-problem');
  },
  'admin-reference': (page, { issuer }) => page.goto(`${issuer}/admin/reference`),
  'admin-reference-operation': (page, { issuer }) => page.goto(`${issuer}/admin/reference/list_users`),
  'admin-reference-schema': (page, { issuer }) => page.goto(`${issuer}/admin/reference/ClientInput`),
  'set-up': async (page, server) => {
    const demo = { client_id: 'acme-notes', redirect_uri: `${server.demo}/callback` };
    await page.goto(authorization(server.issuer, demo));
    await page.waitForSelector('#set-up-open');
  },
  'admin-failures': async (page, { issuer, demo }) => {
    await page.goto(authorization(issuer, { client_id: 'acme-notes', redirect_uri: `${demo}/callback/` }));
    await page.goto(`${issuer}/admin/failures`);
  },
  'admin-failure': (page) => page.click('th a').then(() => page.waitForSelector('#g-flow')),
  'sign-in-methods': (page, { issuer }) => page.goto(`${issuer}/account/sign-in`),
  'new-passkey': (page, { issuer }) => page.goto(`${issuer}/account/sign-in/passkeys`),
  'new-app': (page, { issuer }) => page.goto(`${issuer}/account/sign-in/app`),
  'recovery-codes': async (page) => {
    await page.fill('#code', timeBasedCode(await page.textContent('main code')));
    await page.click('main form button[type=submit]');
    await page.waitForSelector('.codes');
  },
  'sign-in-methods-on': (page, { issuer }) => page.goto(`${issuer}/account/sign-in`),
  invitation: async (page, server) => {
    await page.goto(await mailed(server, 'grace@example.org'));
    await page.waitForSelector('#passkey-submit');
  },
  'invitation-wrong': async (page) => {
    await page.fill('#username', 'demo');
    await page.fill('#password', 'short');
    await page.click('#invitation-submit');
    await page.waitForSelector('[role=alert]:visible');
  },
  'second-factor': async (page, { issuer }) => {
    await page.context().clearCookies();
    await page.goto(`${issuer}/account`);
    await signIn(page, administrator);
    await page.waitForSelector('#code');
  },
  'required-password': async (page, server) => {
    await server.command('user', 'require-new-password', demoUser.username);
    await page.context().clearCookies();
    await page.goto(`${server.issuer}/account`);
    await signIn(page);
    await page.waitForSelector('#password-submit');
  },
  'required-password-same': async (page) => {
    await page.fill('#password', demoUser.password);
    await page.click('#password-submit');
    await page.waitForSelector('[role=alert]');
  },
  'account-deleted': async (page, { issuer }) => {
    await page.fill('#password', 'a ladder, a lamp and a lantern');
    await page.click('#password-submit');
    await page.waitForURL(`${issuer}/account*`);
    await page.context().clearCookies();
    await page.goto(`${issuer}/account/data`);
    await signIn(page, { ...demoUser, password: 'a ladder, a lamp and a lantern' });
    await page.click('.confirm > summary');
    await page.fill('#username', demoUser.username);
    await page.click('.confirm button[type=submit]');
    await page.waitForSelector('main.card h1:not(:has(span))');
  },
};

/** Who has an account here, and one with the same address at the provider. */
const ada = { username: 'ada', password: 'a ladder, a lamp and a lantern' };

/** What a server shows that has providers elsewhere. */
const ofUpstream = {
  'sign-in-elsewhere': (page, { issuer }) => page.goto(`${issuer}/account`),
  'sign-in-elsewhere-refused': async (page, server) => {
    await leaveFor(page, server);
    await page.click('text=[ Cancel ]');
    await page.waitForSelector('[role=alert]');
  },
  'sign-in-first': async (page, server) => {
    const create = ['user', 'create', '--username', ada.username, '--email', 'ada@example.org', '--password-stdin'];
    await server.command(create, `${ada.password}\n`);
    await leaveFor(page, server);
    await signInThere(page, ada.username);
    await page.waitForSelector('#login-submit');
    await page.waitForSelector('[role=status]');
  },
  link: (page) => signIn(page, ada).then(() => page.waitForSelector('#link-accept')),
  linked: async (page, { issuer }) => {
    await page.click('#link-accept');
    await page.waitForURL(`${issuer}/account`);
    await page.goto(`${issuer}/account/linked`);
  },
  unlink: (page) => page.click('.confirm > summary'),
  'sign-in-methods-linked': (page, { issuer }) => page.goto(`${issuer}/account/sign-in`),
};

/** Servers, and the pages that each is there for. */
export const scenes = [
  { start: () => quickstart(settings), pages: ofQuickstart },
  { start: serveWithUpstream, pages: ofUpstream },
];
