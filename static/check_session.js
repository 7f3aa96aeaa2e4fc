// The frame of OpenID Connect Session Management 1.0 §3.2: tells applications that poll it whether the browser's session
// is still the one that their session_state is about. src/protocol/session_state.rs makes that value.
//
// Applications may be pages of plain http, in whose frames browsers have no crypto.subtle, and they ask as soon as the
// frame is loaded: hence a SHA-256 of its own, and an answer in the same turn wherever the browser allows.

var cookie = document.documentElement.getAttribute('data-cookie');

/** What the provider's cookie says about the session; empty where nobody is signed in. */
function browserState() {
  var pairs = document.cookie.split('; ');
  for (var i = 0; i < pairs.length; i += 1) {
    if (pairs[i].indexOf(cookie + '=') === 0) return pairs[i].slice(cookie.length + 1);
  }
  return '';
}

/** FIPS 180-4 §5.3.3 and §4.2.2: the first 32 bits of the fractional parts of roots of the first primes. */
var roots = (function () {
  var primes = [];
  for (var n = 2; primes.length < 64; n += 1) {
    if (primes.every(function (prime) { return n % prime !== 0; })) primes.push(n);
  }
  function bits(root) { return ((root - Math.floor(root)) * 4294967296) | 0; }
  return {
    initial: primes.slice(0, 8).map(function (prime) { return bits(Math.sqrt(prime)); }),
    rounds: primes.map(function (prime) { return bits(Math.pow(prime, 1 / 3)); }),
  };
})();

/** The text in UTF-8, padded (FIPS 180-4 §5.1.1), as 32-bit words. */
function paddedWords(text) {
  var utf8 = unescape(encodeURIComponent(text));
  var words = [];
  for (var i = 0; i < utf8.length; i += 1) words[i >> 2] |= utf8.charCodeAt(i) << (24 - (i % 4) * 8);
  words[utf8.length >> 2] |= 0x80 << (24 - (utf8.length % 4) * 8);
  var last = (((utf8.length + 8) >> 6) << 4) + 15;
  words[last] = utf8.length * 8;
  for (var w = 0; w < last; w += 1) words[w] |= 0;
  return words;
}

/** FIPS 180-4 §6.2, in hexadecimal. */
function sha256(text) {
  function rotated(word, by) { return (word >>> by) | (word << (32 - by)); }
  var hash = roots.initial.slice();
  var words = paddedWords(text);
  for (var block = 0; block < words.length; block += 16) {
    var schedule = words.slice(block, block + 16);
    for (var t = 16; t < 64; t += 1) {
      var x = schedule[t - 15], y = schedule[t - 2];
      schedule[t] = (schedule[t - 16] + (rotated(x, 7) ^ rotated(x, 18) ^ (x >>> 3)) + schedule[t - 7]
        + (rotated(y, 17) ^ rotated(y, 19) ^ (y >>> 10))) | 0;
    }
    var a = hash[0], b = hash[1], c = hash[2], d = hash[3], e = hash[4], f = hash[5], g = hash[6], h = hash[7];
    for (var round = 0; round < 64; round += 1) {
      var one = (h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + ((e & f) ^ (~e & g)) + roots.rounds[round]
        + schedule[round]) | 0;
      var two = ((rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + one) | 0; d = c; c = b; b = a; a = (one + two) | 0;
    }
    hash = [a, b, c, d, e, f, g, h].map(function (word, i) { return (word + hash[i]) | 0; });
  }
  return hash.map(function (word) { return ('0000000' + (word >>> 0).toString(16)).slice(-8); }).join('');
}

/** Answers "client_id session_state" from an origin. */
function answer(message, origin, reply) {
  var parts = /^(.+) ([0-9a-f]{64})\.([\w-]+)$/.exec(message);
  if (!parts) return reply('error');
  var state = browserState();
  function compare() {
    var right = sha256(parts[1] + ' ' + origin + ' ' + state + ' ' + parts[3]);
    reply(parts[2] === right ? 'unchanged' : 'changed');
  }
  if (state || !document.hasStorageAccess) return compare();
  // §5.1: a browser that keeps cookies from frames would make every answer "changed".
  return document.hasStorageAccess().then(
    function (may) { if (may) compare(); else reply('error'); },
    function () { reply('error'); }
  );
}

window.addEventListener('message', function (event) {
  // A frame without an origin of its own cannot be a client's, nor be answered.
  if (!event.source || event.origin === 'null' || event.source === window) return;
  answer(String(event.data), event.origin, function (said) { event.source.postMessage(said, event.origin); });
});
