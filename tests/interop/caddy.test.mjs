// Behind Caddy, which passes on what Countersign answers: a redirect to browsers, a 401 to programs.

import { caddyTest } from './caddy.mjs';
import { behind } from './proxy_suite.mjs';

behind(caddyTest, {
  browser: { accept: 'text/html' },
  away: 303,
  closed: 401,
  nowhere: [303, 308, 400, 401, 404],
  untold: '',
});
