// The requests of a busy day, the good ones and the bad ones, and what is the right answer to each.

/** A request as it goes out. */
export type Outgoing = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
};

/** One kind of request, and how many of a hundred are of it. */
export type RequestKind = {
  readonly name: string;
  readonly share: number;
  /** All of them are right. */
  readonly statuses: readonly number[];
  readonly make: (to: Target, count: number) => Outgoing;
};

/** What requests are about. */
export type Target = { readonly key: string; readonly callIds: readonly string[] };

const JSON_TYPE = { 'content-type': 'application/json' };
const CREATE = '/api/ai-calls/create';

// A stranger that is slowed down is as well treated as one that is refused.
const TOO_MANY = 429;

const OVERSIZED = JSON.stringify({ to: '+12025550123', instructions: 'x'.repeat(400_000) });
const DEEP = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;

/** All kinds; their shares are of 100. */
export const REQUEST_KINDS: readonly RequestKind[] = [
  { name: 'a call', share: 25, statuses: [200], make: (to, count) => read(to, `/api/ai-calls/${callId(to, count)}`) },
  { name: 'live calls, 20', share: 13, statuses: [200], make: (to) => read(to, '/api/ai-calls/status?limit=20') },
  { name: 'live calls, all', share: 2, statuses: [200], make: (to) => read(to, '/api/ai-calls/status') },
  {
    name: 'history',
    share: 5,
    statuses: [200],
    make: (to) => read(to, '/api/ai-calls/status?status=in-progress,completed&limit=50'),
  },
  {
    name: 'transcript',
    share: 3,
    statuses: [200],
    make: (to, count) => read(to, `/api/ai-calls/${callId(to, count)}/transcript`),
  },
  { name: 'metrics', share: 1, statuses: [200], make: (to) => read(to, '/metrics') },
  {
    name: 'health and ready',
    share: 3,
    statuses: [200],
    make: (_to, count) => plain(count % 2 === 0 ? '/health' : '/ready'),
  },
  {
    name: 'create, not allowed',
    share: 10,
    statuses: [403, TOO_MANY],
    make: (to) => post(to, CREATE, JSON.stringify({ to: '+442079460123', instructions: 'Hello.' })),
  },
  {
    name: 'create, wrong fields',
    share: 8,
    statuses: [400, 422],
    make: (to) => post(to, CREATE, JSON.stringify({ to: 7, instructions: null, voice: {}, nobody: 'knows' })),
  },
  {
    name: 'malformed JSON',
    share: 7,
    statuses: [400],
    make: (to, count) => post(to, CREATE, count % 4 === 0 ? DEEP : '{"to": '),
  },
  { name: 'oversized', share: 2, statuses: [413], make: (to) => post(to, CREATE, OVERSIZED) },
  {
    name: 'unknown route',
    share: 6,
    statuses: [401, 404, TOO_MANY],
    make: (_to, count) => plain(`/wp-login.php?try=${count}`),
  },
  {
    name: 'wrong key',
    share: 8,
    statuses: [401, TOO_MANY],
    make: (_to, count) => ({
      method: 'GET',
      path: '/api/ai-calls/status',
      headers: bearer(`wrong-key-${count}-000000`),
    }),
  },
  { name: 'forged webhook', share: 7, statuses: [400, 401, 403, TOO_MANY], make: (_to, count) => forgedWebhook(count) },
];

function callId({ callIds }: Target, count: number): string {
  return callIds[count % callIds.length] ?? 'none';
}

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

function plain(path: string): Outgoing {
  return { method: 'GET', path, headers: {} };
}

function read({ key }: Target, path: string): Outgoing {
  return { method: 'GET', path, headers: bearer(key) };
}

function post({ key }: Target, path: string, body: string): Outgoing {
  return { method: 'POST', path, headers: { ...bearer(key), ...JSON_TYPE }, body };
}

function forgedWebhook(count: number): Outgoing {
  return {
    method: 'POST',
    path: '/api/webhooks/telnyx',
    headers: {
      ...JSON_TYPE,
      'telnyx-timestamp': String(Math.floor(Date.now() / 1000)),
      'telnyx-signature-ed25519': Buffer.alloc(64, count % 251).toString('base64'),
    },
    body: JSON.stringify({ data: { event_type: 'call.hangup', id: `forged-${count}`, payload: {} } }),
  };
}
