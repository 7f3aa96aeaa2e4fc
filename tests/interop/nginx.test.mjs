// Behind nginx, which takes a refusal for a redirect to the sign-in whoever asks.

import { nginxTest } from './nginx.mjs';
import { behind } from './proxy_suite.mjs';

behind(nginxTest, { browser: {}, away: 302, closed: 302, nowhere: [302, 404], untold: undefined });
