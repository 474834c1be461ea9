import { readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { type Config, ConfigError, loadConfig, SETTING_NAMES } from '../../../src/config/config';

const ROOT = join(__dirname, '../../../..');
const DER_PREFIX_BYTES = 12;

const derKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' });

const MINIMUM = {
  BASE_PUBLIC_URL: 'https://bridge.example',
  TELNYX_API_KEY: 'KEY',
  TELNYX_PUBLIC_KEY: derKey.subarray(DER_PREFIX_BYTES).toString('base64'),
  TELNYX_CONNECTION_ID: '17',
  TELNYX_FROM_NUMBER: '+12025550100',
  OPENAI_API_KEY: 'sk-test',
};

const KEYS = 'a-key-of-the-operator,another-key-of-theirs';

function problems(environment: Record<string, string | undefined>): readonly string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('needs six settings and has a default for everything else', () => {
  expect(loadConfig(MINIMUM)).toEqual<Config>({
    http: { host: '127.0.0.1', port: 3000, publicUrl: 'https://bridge.example', apiKeys: [] },
    telnyx: {
      apiKey: 'KEY',
      publicKey: MINIMUM.TELNYX_PUBLIC_KEY,
      connectionId: '17',
      fromNumber: '+12025550100',
      baseUrl: 'https://api.telnyx.com/v2',
      streamCodec: 'PCMU',
      l16ByteOrder: 'little',
    },
    openai: {
      apiKey: 'sk-test',
      baseUrl: 'https://api.openai.com/v1',
      model: 'gpt-realtime-2.1-mini',
      transcriptionModel: 'gpt-4o-mini-transcribe',
      voice: 'marin',
      audioFormat: 'pcm16',
    },
    playout: { leadMs: 400, chunkMs: 100 },
    allowedCountries: undefined,
    maxConcurrentCalls: 100,
    dataDir: './data',
    drainSeconds: 30,
    logLevel: 'info',
  });
});

test('tells of every missing setting at once, each with its cure', () => {
  const all = problems({});

  expect(all.map((problem) => problem.split(':')[0])).toEqual(Object.keys(MINIMUM));
  for (const problem of all) expect(problem).toMatch(/^[A-Z_]+: .{10,}/);
});

test('tells of missing and wrong settings in one message', () => {
  const environment = { ...MINIMUM, TELNYX_API_KEY: undefined, PORT: 'http', OPENAI_AUDIO_FORMAT: 'mp3' };

  expect(() => loadConfig(environment)).toThrow(/TELNYX_API_KEY.*/s);
  expect(problems(environment).map((problem) => problem.split(':')[0])).toEqual([
    'PORT',
    'TELNYX_API_KEY',
    'OPENAI_AUDIO_FORMAT',
  ]);
});

test.each(Object.keys(MINIMUM))('an empty %s is a missing one', (name) => {
  expect(problems({ ...MINIMUM, [name]: '  ' })).toEqual([expect.stringContaining(`${name}: `)]);
});

test.each([
  ['PORT', '-1'],
  ['PORT', '65536'],
  ['PORT', '3000.5'],
  ['LOG_LEVEL', 'verbose'],
  ['BASE_PUBLIC_URL', 'bridge.example'],
  ['BASE_PUBLIC_URL', 'wss://bridge.example'],
  ['TELNYX_PUBLIC_KEY', 'not a key'],
  ['TELNYX_PUBLIC_KEY', Buffer.alloc(31).toString('base64')],
  ['TELNYX_FROM_NUMBER', '2025550100'],
  ['TELNYX_BASE_URL', 'api.telnyx.com'],
  ['OPENAI_BASE_URL', 'wss://api.openai.com/v1'],
  ['OPENAI_AUDIO_FORMAT', 'PCMU'],
  ['TELNYX_STREAM_CODEC', 'OPUS'],
  ['TELNYX_L16_BYTE_ORDER', 'network'],
  ['PLAYOUT_LEAD_MS', '100'],
  ['PLAYOUT_LEAD_MS', '601'],
  ['PLAYOUT_CHUNK_MS', '10'],
  ['PLAYOUT_CHUNK_MS', '120'],
  ['DATABASE_URL', 'postgres://localhost/calls'],
  ['MAX_CONCURRENT_CALLS', '0'],
  ['MAX_CONCURRENT_CALLS', 'many'],
  ['ALLOWED_COUNTRIES', 'us'],
  ['ALLOWED_COUNTRIES', 'USA'],
  ['ALLOWED_COUNTRIES', ','],
  ['DRAIN_SECONDS', '-5'],
  ['API_KEYS', 'short'],
  ['API_KEYS', `${KEYS},short`],
])('%s=%s is refused by name', (name, value) => {
  const [problem, ...others] = problems({ ...MINIMUM, [name]: value });

  expect(problem).toMatch(new RegExp(`^${name}: .`));
  expect(others).toEqual([]);
});

test.each(['TELNYX_API_KEY', 'TELNYX_PUBLIC_KEY', 'OPENAI_API_KEY', 'API_KEYS'])(
  'a problem with another setting does not give %s away',
  (name) => {
    const environment = { ...MINIMUM, [name]: 'canary', PORT: 'x' };

    expect(problems(environment).join('\n')).not.toContain('canary');
  },
);

test.each([
  [undefined, undefined, '127.0.0.1'],
  [undefined, KEYS, '0.0.0.0'],
  [undefined, ' , ', '127.0.0.1'],
  ['::', undefined, '::'],
  ['10.0.0.5', KEYS, '10.0.0.5'],
])('with HOST=%s and API_KEYS=%s the server listens on %s', (HOST, API_KEYS, host) => {
  expect(loadConfig({ ...MINIMUM, HOST, API_KEYS }).http.host).toBe(host);
});

test.each(['US', 'US,CA', 'DE,GB,FR'])('the countries %s may be called', (ALLOWED_COUNTRIES) => {
  expect(loadConfig({ ...MINIMUM, ALLOWED_COUNTRIES }).allowedCountries).toEqual(ALLOWED_COUNTRIES.split(','));
});

test('lists may be written with spaces', () => {
  const config = loadConfig({ ...MINIMUM, ALLOWED_COUNTRIES: ' US, CA ,', API_KEYS: KEYS.replace(',', ' , ') });

  expect(config.allowedCountries).toEqual(['US', 'CA']);
  expect(config.http.apiKeys).toEqual(KEYS.split(','));
});

test('a slash at the end of an address is dropped', () => {
  const config = loadConfig({
    ...MINIMUM,
    BASE_PUBLIC_URL: 'https://bridge.example/calls/',
    TELNYX_BASE_URL: 'http://127.0.0.1:4010/v2/',
    OPENAI_BASE_URL: 'http://127.0.0.1:4011/v1//',
  });

  expect(config.http.publicUrl).toBe('https://bridge.example/calls');
  expect(config.telnyx.baseUrl).toBe('http://127.0.0.1:4010/v2');
  expect(config.openai.baseUrl).toBe('http://127.0.0.1:4011/v1');
});

test('an address in capitals is an address: the carrier is given one that works', () => {
  const { publicUrl } = loadConfig({ ...MINIMUM, BASE_PUBLIC_URL: 'HTTPS://bridge.example' }).http;

  expect(publicUrl.replace(/^http/, 'ws')).toMatch(/^wss:/);
});

test('the exported form of the public key is taken too', () => {
  expect(problems({ ...MINIMUM, TELNYX_PUBLIC_KEY: derKey.toString('base64') })).toEqual([]);
});

test('variables of others are none of our business', () => {
  expect(problems({ ...MINIMUM, PATH: '/bin', AI_CALLS_X: 'y' })).toEqual([]);
});

test('settings cannot be changed after they were read', () => {
  const config = loadConfig(MINIMUM);

  expect([config, config.http, config.telnyx, config.openai].map((part) => Object.isFrozen(part))).toEqual([
    true,
    true,
    true,
    true,
  ]);
});

test('.env.example has exactly the settings, in their order', () => {
  const lines = readFileSync(join(ROOT, '.env.example'), 'utf8').split('\n');
  const names = lines.flatMap((line) => /^(?:#\s?)?([A-Z][A-Z0-9_]+)=/.exec(line)?.[1] ?? []);

  expect(names).toEqual(SETTING_NAMES);
});

test('.env.example shows the defaults as they are', () => {
  const text = readFileSync(join(ROOT, '.env.example'), 'utf8');
  const shown = Object.fromEntries(
    [...text.matchAll(/^(?:#\s?)?([A-Z][A-Z0-9_]+)=(.*)$/gm)].map(([, name, value]) => [name, value?.trim()]),
  );
  const asShown = loadConfig({ ...MINIMUM, ...defined(shown, Object.keys(MINIMUM)) });

  expect(asShown).toMatchObject({
    maxConcurrentCalls: loadConfig(MINIMUM).maxConcurrentCalls,
    drainSeconds: loadConfig(MINIMUM).drainSeconds,
    openai: { model: loadConfig(MINIMUM).openai.model, audioFormat: loadConfig(MINIMUM).openai.audioFormat },
  });
});

/** What is shown with a value, but for the settings that everybody has to fill in, and examples of optional ones. */
function defined(shown: Record<string, string | undefined>, except: readonly string[]): Record<string, string> {
  const optional = ['HOST', 'API_KEYS', 'ALLOWED_COUNTRIES', 'DATABASE_URL'];
  return Object.fromEntries(
    Object.entries(shown).flatMap(([name, value]) =>
      value && ![...except, ...optional].includes(name) ? [[name, value] as const] : [],
    ),
  );
}
