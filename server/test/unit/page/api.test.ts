// The page's requests: where the key goes, and what an answer that is no is in words.

import { Api, ApiError, type Fetch } from '../../../page/api.ts';
import { KeyStore } from '../../../page/key-store.ts';

const BASE = 'https://voice.example.com/bridge/?from=mail#top';

type Asked = { readonly url: string; readonly init: RequestInit };

function apiAnswering(answer: () => Response): { readonly api: Api; readonly asked: Asked[] } {
  const asked: Asked[] = [];
  const fetcher: Fetch = (url, init) => {
    asked.push({ url, init });
    return Promise.resolve().then(answer);
  };
  return { api: new Api(fetcher, BASE), asked };
}

function problem(status: number, body: unknown): () => Response {
  return () => new Response(typeof body === 'string' ? body : JSON.stringify(body), { status });
}

async function errorOf(answer: () => Response): Promise<ApiError> {
  const error: unknown = await apiAnswering(answer)
    .api.get('/x')
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
}

test('the key goes into its header, and nowhere else', async () => {
  const { api, asked } = apiAnswering(problem(200, {}));
  api.useKey('a-secret-key');

  await api.post('/api/ai-calls/1/say', { text: 'Hello' });

  const [{ url, init }] = asked as [Asked];
  expect(new Headers(init.headers).get('Authorization')).toBe('Bearer a-secret-key');
  expect(url + JSON.stringify(init.body)).not.toContain('a-secret-key');
  expect(init).toMatchObject({ credentials: 'omit', redirect: 'error' });
});

test('after signing out no header has a key', async () => {
  const { api, asked } = apiAnswering(problem(200, {}));
  api.useKey('a-secret-key');
  api.useKey(undefined);

  await api.get('/x');

  expect(new Headers(asked[0]!.init.headers).has('Authorization')).toBe(false);
});

test('a problem document is told by its detail', async () => {
  const error = await errorOf(problem(409, { code: 'CALL_STATE_CONFLICT', title: 'No', detail: 'The call is over.' }));

  expect(error).toMatchObject({
    message: 'The call is over.',
    status: 409,
    code: 'CALL_STATE_CONFLICT',
    isPassing: false,
  });
});

test('fields that are wrong are named', async () => {
  const errors = [{ field: 'text', message: 'must not be empty' }];

  expect((await errorOf(problem(400, { detail: 'See errors.', errors }))).message).toBe('text must not be empty');
});

test.each(['<html>Bad gateway</html>', 'null', '[]', '{"detail": 7, "title": {}}'])(
  'an answer that is no problem document is told by its status: %s',
  async (body) => {
    expect(await errorOf(problem(502, body))).toMatchObject({ message: 'The server answered 502.', isPassing: true });
  },
);

test('no answer at all is worth another try', async () => {
  const api = new Api(() => Promise.reject(new TypeError('fetch failed')), BASE);

  await expect(api.get('/x')).rejects.toMatchObject({
    status: 0,
    isPassing: true,
    message: 'The server does not answer.',
  });
});

test('a browser that forbids its storage costs no more than another sign-in', () => {
  const keys = new KeyStore(() => {
    throw new Error('SecurityError');
  });

  keys.keep('a-secret-key');
  keys.forget();

  expect(keys.read()).toBeUndefined();
});

test('behind a proxy that puts a path in front, everything is asked for below it, whatever the server says', async () => {
  const { api, asked } = apiAnswering(problem(200, {}));
  const { signal } = new AbortController();

  await api.get('/api/ai-calls/status?limit=1');
  await api.look('/ready');
  await api.bytes('/api/ai-calls/1/recording', signal);
  await api.bytes('//elsewhere.example.com/recording', signal);
  await api.bytes('https://elsewhere.example.com/recording', signal);

  expect(asked.map(({ url }) => url)).toEqual([
    'https://voice.example.com/bridge/api/ai-calls/status?limit=1',
    'https://voice.example.com/bridge/ready',
    'https://voice.example.com/bridge/api/ai-calls/1/recording',
    'https://voice.example.com/bridge/elsewhere.example.com/recording',
    'https://voice.example.com/bridge/https://elsewhere.example.com/recording',
  ]);
});

test.each(['<html>Welcome to the hotel</html>', ''])('an answer that cannot be read is none: %j', async (body) => {
  expect(await errorOf(problem(200, body))).toMatchObject({ status: 0, isPassing: true });
});

test('a request that hangs is given up', async () => {
  const { api, asked } = apiAnswering(problem(200, {}));

  await api.get('/x');

  expect(asked[0]!.init.signal).toBeInstanceOf(AbortSignal);
});
