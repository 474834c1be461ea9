import { readFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { DEFAULT_BEHAVIOUR } from '../../../src/calls/behaviour';
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
    behaviour: {
      opening: 'greet',
      helloTimeoutMs: 2_500,
      protectGreeting: false,
      answeringMachine: 'off',
      voicemailMessage: undefined,
      turnDetection: { type: 'server-vad', threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500 },
      noiseReduction: 'near-field',
      bargeInHoldMs: 0,
      silenceNudgeSeconds: 10,
      silenceGoodbyeSeconds: 10,
    },
    tools: { file: undefined, signingSecret: undefined, allowsPrivateUrls: false, secrets: {}, secretHosts: [] },
    transferSipDomains: [],
    access: {
      maxConcurrentCalls: 100,
      callsPerSecond: 5,
      callsPerDestinationPerHour: 6,
      transfersPerDestinationPerHour: 60,
      callsPerKeyPerDay: 1_000,
      allowedCountries: undefined,
      doNotCallFile: undefined,
      overloadLagMs: 25,
    },
    records: {
      databaseUrl: undefined,
      dataDir: './data',
      recordsCalls: false,
      retentionDays: undefined,
      callbacks: { defaultUrl: undefined, secret: undefined },
    },
    budget: { perCallUsd: undefined, perDayUsd: undefined },
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
  ['OPENAI_VOICE', 'nobody'],
  ['OPENAI_VOICE', 'Marin'],
  ['TELNYX_STREAM_CODEC', 'OPUS'],
  ['TELNYX_L16_BYTE_ORDER', 'network'],
  ['PLAYOUT_LEAD_MS', '100'],
  ['PLAYOUT_LEAD_MS', '601'],
  ['PLAYOUT_CHUNK_MS', '10'],
  ['PLAYOUT_CHUNK_MS', '120'],
  ['OPENING', 'shout'],
  ['HELLO_TIMEOUT_MS', '499'],
  ['HELLO_TIMEOUT_MS', '30001'],
  ['PROTECT_GREETING', 'yes'],
  ['ANSWERING_MACHINE', 'on'],
  ['VOICEMAIL_MESSAGE', 'a'.repeat(1_001)],
  ['TURN_DETECTION', 'server_vad'],
  ['VAD_THRESHOLD', '-0.1'],
  ['VAD_THRESHOLD', '1.1'],
  ['VAD_THRESHOLD', 'loud'],
  ['VAD_PREFIX_PADDING_MS', '2001'],
  ['VAD_SILENCE_MS', '99'],
  ['VAD_SILENCE_MS', '5001'],
  ['VAD_EAGERNESS', 'very'],
  ['NOISE_REDUCTION', 'on'],
  ['BARGE_IN_HOLD_MS', '1001'],
  ['BARGE_IN_HOLD_MS', '1.5'],
  ['SILENCE_NUDGE_SECONDS', '301'],
  ['SILENCE_GOODBYE_SECONDS', '2'],
  ['SILENCE_GOODBYE_SECONDS', '301'],
  ['TOOL_SIGNING_SECRET', 'fifteen-letters'],
  ['TOOL_SIGNING_SECRET', 'sixteen or more with spaces'],
  ['ALLOW_PRIVATE_URLS', '1'],
  ['TRANSFER_SIP_DOMAINS', 'sip:pbx.example'],
  ['TRANSFER_SIP_DOMAINS', 'pbx.example,pbx_2.example/x'],
  ['TRANSFER_SIP_DOMAINS', '*.example'],
  ['TOOL_KEY', 'two\nlines'],
  ['TOOL_SECRET_HOSTS', 'https://crm.example.com'],
  ['TOOL_SECRET_HOSTS', '*.example.com'],
  ['TOOL_SECRET_HOSTS', 'crm.example.com:443'],
  ['TOOL_KEY', '„quoted“'],
  ['DATABASE_URL', 'mysql://localhost/calls'],
  ['RECORD_CALLS', 'yes'],
  ['RETENTION_DAYS', '0'],
  ['RETENTION_DAYS', '3651'],
  ['STATUS_CALLBACK_URL', 'ftp://files.example'],
  ['STATUS_CALLBACK_URL', 'http://127.0.0.1:8080/calls'],
  ['STATUS_CALLBACK_URL', 'http://localhost/calls'],
  ['STATUS_CALLBACK_URL', 'http://169.254.169.254/calls'],
  ['STATUS_CALLBACK_URL', 'https://user:password@hooks.example/calls'],
  ['STATUS_CALLBACK_SECRET', 'secret'],
  ['STATUS_CALLBACK_SECRET', `whsec_${Buffer.alloc(23).toString('base64')}`],
  ['MAX_COST_USD_PER_CALL', '0'],
  ['MAX_COST_USD_PER_DAY', 'much'],
  ['MAX_CONCURRENT_CALLS', '0'],
  ['MAX_CONCURRENT_CALLS', 'many'],
  ['CALLS_PER_SECOND', '0'],
  ['CALLS_PER_DESTINATION_PER_HOUR', 'often'],
  ['TRANSFERS_PER_DESTINATION_PER_HOUR', '0'],
  ['CALLS_PER_KEY_PER_DAY', '0'],
  ['DO_NOT_CALL_FILE', '/no/such/file'],
  ['DO_NOT_CALL_FILE', __dirname],
  ['OVERLOAD_LAG_MS', '-1'],
  ['ALLOWED_COUNTRIES', 'us'],
  ['ALLOWED_COUNTRIES', 'USA'],
  ['ALLOWED_COUNTRIES', ','],
  ['DRAIN_SECONDS', '-5'],
  ['API_KEYS', 'short'],
  ['API_KEYS', `${KEYS},short`],
  ['API_KEYS', 'crm:short'],
  ['API_KEYS', `${KEYS},${KEYS}`],
  ['API_KEYS', 'crm:a-key-of-the-operator,crm:another-key-of-theirs'],
])('%s=%s is refused by name', (name, value) => {
  const [problem, ...others] = problems({ ...MINIMUM, [name]: value });

  expect(problem).toMatch(new RegExp(`^${name}: .`));
  expect(others).toEqual([]);
});

test.each(['TELNYX_API_KEY', 'TELNYX_PUBLIC_KEY', 'OPENAI_API_KEY', 'API_KEYS', 'TOOL_SIGNING_SECRET', 'TOOL_KEY'])(
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
  expect(loadConfig({ ...MINIMUM, ALLOWED_COUNTRIES }).access.allowedCountries).toEqual(ALLOWED_COUNTRIES.split(','));
});

test('lists may be written with spaces', () => {
  const config = loadConfig({ ...MINIMUM, ALLOWED_COUNTRIES: ' US, CA ,', API_KEYS: KEYS.replace(',', ' , ') });

  expect(config.access.allowedCountries).toEqual(['US', 'CA']);
  expect(config.http.apiKeys.map(({ key }) => key)).toEqual(KEYS.split(','));
});

test('keys have the names that stand before them, or are called by their place', () => {
  const API_KEYS = 'crm:a-key-of-the-operator,another-key-of-theirs,Not:a-name-but-all-of-a-key';

  expect(loadConfig({ ...MINIMUM, API_KEYS }).http.apiKeys).toEqual([
    { name: 'crm', key: 'a-key-of-the-operator' },
    { name: 'key-2', key: 'another-key-of-theirs' },
    { name: 'key-3', key: 'Not:a-name-but-all-of-a-key' },
  ]);
});

test.each([
  [
    { OPENING: 'wait-for-hello', HELLO_TIMEOUT_MS: '500' },
    { opening: 'wait-for-hello', helloTimeoutMs: 500 },
  ],
  [{ HELLO_TIMEOUT_MS: '30000' }, { helloTimeoutMs: 30_000 }],
  [
    { OPENING: 'silent', PROTECT_GREETING: 'true' },
    { opening: 'silent', protectGreeting: true },
  ],
  [{ PROTECT_GREETING: 'false' }, { protectGreeting: false }],
  [
    { ANSWERING_MACHINE: 'leave-message', VOICEMAIL_MESSAGE: ' Call me. ' },
    { answeringMachine: 'leave-message', voicemailMessage: 'Call me.' },
  ],
  [
    { VAD_THRESHOLD: '0', VAD_PREFIX_PADDING_MS: '0', VAD_SILENCE_MS: '5000' },
    { turnDetection: { type: 'server-vad', threshold: 0, prefixPaddingMs: 0, silenceMs: 5_000 } },
  ],
  [
    { TURN_DETECTION: 'semantic-vad', VAD_EAGERNESS: 'low', VAD_SILENCE_MS: '900' },
    { turnDetection: { type: 'semantic-vad', eagerness: 'low' } },
  ],
  [
    { NOISE_REDUCTION: 'off', BARGE_IN_HOLD_MS: '1000' },
    { noiseReduction: 'off', bargeInHoldMs: 1_000 },
  ],
  [
    { SILENCE_NUDGE_SECONDS: '0', SILENCE_GOODBYE_SECONDS: '3' },
    { silenceNudgeSeconds: 0, silenceGoodbyeSeconds: 3 },
  ],
])('%j says how the AI behaves', (environment, behaviour) => {
  expect(loadConfig({ ...MINIMUM, ...environment }).behaviour).toEqual({
    ...loadConfig(MINIMUM).behaviour,
    ...behaviour,
  });
});

test('the behaviour of the settings is the one that calls have by themselves', () => {
  const { builtInTools: _builtIn, tools: _tools, transferTargets: _targets, ...plain } = DEFAULT_BEHAVIOUR;

  expect(loadConfig(MINIMUM).behaviour).toEqual(plain);
});

test('the hosts to which tools may send secrets are no secret themselves, and compared in small letters', () => {
  const { tools } = loadConfig({ ...MINIMUM, TOOL_SECRET_HOSTS: 'CRM.example.com, 127.0.0.1' });

  expect(tools).toMatchObject({ secretHosts: ['crm.example.com', '127.0.0.1'], secrets: {} });
});

test('every variable that begins with TOOL_ is for the headers of tools, but for the signing secret', () => {
  const TOOL_SIGNING_SECRET = 'sixteen-or-more-characters';
  const others = {
    TOOL_: 'x',
    TOOLS_FILE: 'tools.json',
    tool_x: 'x',
    MY_TOOL_X: 'x',
    TOOL_EMPTY: ' ',
    'TOOL_a-b': 'x',
  };

  const { tools } = loadConfig({ ...MINIMUM, ...others, TOOL_SIGNING_SECRET, TOOL_KEY: 'Bearer abc', TOOL_2: 'd' });

  expect(tools).toEqual({
    file: 'tools.json',
    signingSecret: TOOL_SIGNING_SECRET,
    allowsPrivateUrls: false,
    secrets: { TOOL_KEY: 'Bearer abc', TOOL_2: 'd' },
    secretHosts: [],
  });
});

test('hosts for transfers are known in small letters, as addresses are compared', () => {
  const config = loadConfig({ ...MINIMUM, TRANSFER_SIP_DOMAINS: ' PBX.Example.com, 192.0.2.7 ,localhost' });

  expect(config.transferSipDomains).toEqual(['pbx.example.com', '192.0.2.7', 'localhost']);
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

test('a voice that is none is told with those that are', () => {
  expect(problems({ ...MINIMUM, OPENAI_VOICE: 'nobody' })).toEqual([
    'OPENAI_VOICE: must be alloy, ash, ballad, coral, echo, sage, shimmer, verse, marin or cedar',
  ]);
});

test('variables of others are none of our business', () => {
  expect(problems({ ...MINIMUM, PATH: '/bin', AI_CALLS_X: 'y' })).toEqual([]);
});

test('settings cannot be changed after they were read, however deep they are', () => {
  const environment = { API_KEYS: KEYS, ALLOWED_COUNTRIES: 'US', TRANSFER_SIP_DOMAINS: 'pbx.example', TOOL_KEY: 'k' };
  const parts = objectsIn(loadConfig({ ...MINIMUM, ...environment }));

  expect(parts.length).toBeGreaterThan(10);
  expect(parts.filter((part) => !Object.isFrozen(part))).toEqual([]);
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
  const values = defined(shown, Object.keys(MINIMUM));

  expect(Object.keys(values).length).toBeGreaterThan(25);
  expect(loadConfig({ ...MINIMUM, ...values })).toEqual(loadConfig(MINIMUM));
});

test('.env.example says something about each setting that is not a plain key', () => {
  const blocks = readFileSync(join(ROOT, '.env.example'), 'utf8').split(/\n\s*\n/);
  const bare = blocks.filter((block) => !/^# (?![A-Z0-9_]+=)/.test(block));

  expect(bare).toEqual(['OPENAI_API_KEY=']);
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

function objectsIn(value: unknown): object[] {
  return typeof value === 'object' && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : [];
}

test('callbacks may go to a private address with the word of the operator', () => {
  const environment = { ...MINIMUM, STATUS_CALLBACK_URL: 'http://10.0.0.1/calls', ALLOW_PRIVATE_URLS: 'true' };

  expect(problems(environment)).toEqual([]);
});
