// node oidc-provider with everything in memory: the peer that `make bench` compares with. It keeps its defaults where
// they cost it less: opaque access tokens, no password hashing.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, secret, algorithm] = process.argv.slice(2);

// Its own in-memory adapter drops the oldest of 1,000 entries; this one keeps all.
const store = new Map();
const grants = new Map();

class Memory {
  constructor(model) {
    this.model = model;
  }

  key(id) {
    return `${this.model}:${id}`;
  }

  async upsert(id, payload) {
    store.set(this.key(id), payload);
    if (payload.uid) store.set(`uid:${payload.uid}`, id);
    if (payload.grantId) {
      if (!grants.has(payload.grantId)) grants.set(payload.grantId, new Set());
      grants.get(payload.grantId).add(this.key(id));
    }
  }

  async find(id) {
    return store.get(this.key(id));
  }

  async findByUid(uid) {
    return this.find(store.get(`uid:${uid}`));
  }

  async destroy(id) {
    store.delete(this.key(id));
  }

  async consume(id) {
    const payload = store.get(this.key(id));
    if (payload) payload.consumed = Math.floor(Date.now() / 1000);
  }

  async revokeByGrantId(grantId) {
    for (const key of grants.get(grantId) ?? []) store.delete(key);
    grants.delete(grantId);
  }
}

const pair = algorithm === 'RS256'
  ? generateKeyPairSync('rsa', { modulusLength: 2048 })
  : generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = pair.privateKey.export({ format: 'jwk' });
const provider = new Provider(`http://127.0.0.1:${port}`, {
  adapter: Memory,
  jwks: { keys: [{ ...key, use: 'sig', alg: algorithm, kid: 'bench' }] },
  clients: [{
    client_id: 'bench',
    client_secret: secret,
    redirect_uris: ['http://127.0.0.1:9999/cb'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
    response_types: ['code'],
    id_token_signed_response_alg: algorithm,
  }],
  scopes: ['openid', 'offline_access', 'api'],
  cookies: { keys: [secret] },
  features: {
    devInteractions: { enabled: true },
    introspection: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: { enabled: false },
  },
  enabledJWA: { idTokenSigningAlgValues: [algorithm] },
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  pkce: { required: () => true },
});

// Connections that are idle while the other server is measured stay open.
provider.listen(Number(port), '127.0.0.1').keepAliveTimeout = 600_000;
