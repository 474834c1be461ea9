import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CarrierError } from '../../../src/calls/errors';
import { CallLog } from '../../../src/observability/call-log';
import { redacted } from '../../../src/observability/redact';
import { aCall, anEntry } from '../../support/builders';
import { RecordingLogger } from '../../support/fakes';

const HIDDEN = '[redacted]';

function text(value: unknown): string {
  return JSON.stringify(redacted(value));
}

test.each([
  'to',
  'from',
  'instructions',
  'greeting',
  'text',
  'transcript',
  'metadata',
  'statusCallbackUrl',
  'authorization',
  'Authorization',
  'token',
  'apiKey',
  'body',
  'headers',
  'arguments',
  'args',
  'input',
  'content',
  'say',
  'filler',
  'prompt',
  'voicemailMessage',
  'idempotencyKey',
  'databaseUrl',
  'fromNumber',
  'phone_number',
  'secrets',
  'signature',
])('a field named %s is hidden, wherever it stands', (name) => {
  const fields = { [name]: 'canary', deep: { deeper: [{ [name]: { inside: 'canary' } }] } };

  expect(text(fields)).not.toContain('canary');
  expect(redacted(fields)).toHaveProperty(name, HIDDEN);
});

test.each(['api_key', 'x-api-key', 'secret', 'clientSecret', 'password', 'cookie', 'stream_auth_token'])(
  'a field named %s is hidden too, should a library bring one along',
  (name) => {
    expect(text({ [name]: 'canary' })).not.toContain('canary');
  },
);

test.each([
  'The number +12025550123 is not valid',
  'to=12025550123',
  'tel:+4915112345678;ext=1',
  '{"to":"+12025550123"}',
  '+12025550123',
  'Calling +29022222 failed',
])('a phone number inside a text is hidden: %s', (message) => {
  const digits = /\d{7,}/.exec(message)![0];

  expect(text({ message })).not.toContain(digits);
  expect(text(new Error(message))).not.toContain(digits);
});

test.each([
  'POST https://hooks.example.com/a/b?token=canary failed',
  'GET https://example.com/#canary',
  'transfer to sip:canary@example.com refused',
  'sips:canary;tag=1@example.com',
  'mail for canary.one@mail.example.com',
  'Key (idempotency_key)=(canary) already exists.',
  'invalid input syntax for type integer: "canary"',
])('what libraries put into their messages is hidden: %s', (message) => {
  expect(text(new Error(message))).not.toContain('canary');
});

test.each(['canary', '{"a":canary}', `${'x'.repeat(60)}canary${'y'.repeat(60)}`, '"canary" "canary'])(
  'what JSON.parse quotes is hidden: %s',
  (json) => {
    let error: unknown;
    try {
      JSON.parse(json);
    } catch (thrown) {
      error = thrown;
    }

    expect(text({ error })).not.toContain('canary');
  },
);

test('a text as long as a stranger likes costs little and is cut', () => {
  const startedAtMs = performance.now();
  for (const piece of ['1', '"', '://?', 'a@', '+1 ', '(555) ', 'sip:a', 'Key (']) {
    expect(text({ message: piece.repeat(200_000) }).length).toBeLessThan(30_000);
  }

  expect(performance.now() - startedAtMs).toBeLessThan(2_000);
});

test('a bearer token inside a text is hidden', () => {
  expect(redacted('Authorization: Bearer sk-canary, more')).toBe(`Authorization: Bearer ${HIDDEN} more`);
});

test('user and password of an address are hidden, and the rest of it is not', () => {
  const message = 'connect ECONNREFUSED postgres://user:canary@db.example.com:5432/calls';

  expect(redacted(message)).toBe(`connect ECONNREFUSED postgres://${HIDDEN}@db.example.com:5432/calls`);
  expect(redacted('https://a.example.com:8443/x, b@c')).toBe('https://a.example.com:8443/x, b@c');
});

test.each(['sk-proj-canary0123456789abcdef', 'KEY0123456789ABCDEF_canary0123456789'])(
  'a key of the vendors inside a text is hidden: %s',
  (key) => {
    expect(text({ message: `Incorrect API key provided: ${key}` })).not.toContain('canary');
  },
);

test.each([
  '00000000-0000-4000-8000-abc123456789',
  '3f2504e0-4f89-41d3-9a0c-123456789012',
  '12345678-1234-4234-8234-123456789012',
])('the id of a call stays readable, whatever its digits: %s', (callId) => {
  expect(redacted({ callId })).toEqual({ callId });
});

test('the id of a leg stays readable', () => {
  const carrierCallId = 'v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE-123456789012';

  expect(redacted({ carrierCallId })).toEqual({ carrierCallId });
});

test('what is no personal data stays as it is', () => {
  const fields = { status: 'ringing', attempt: 2, ok: true, nothing: null, missing: undefined, list: [1, 'a'] };

  expect(redacted(fields)).toEqual(fields);
});

test('the original is left alone', () => {
  const fields = { to: '+12025550123', deep: { text: 'secret' } };

  redacted(fields);

  expect(fields).toEqual({ to: '+12025550123', deep: { text: 'secret' } });
});

test('of an error the name, the code, the stack and the causes remain, and nothing that hangs on it', () => {
  const cause = Object.assign(new TypeError('fetch failed for +12025550123'), { code: 'ECONNRESET', body: 'canary' });
  const error = new CarrierError('Telnyx did not answer dial', { failure: 'outcome-unknown', cause });
  Object.assign(error, { request: { headers: { authorization: 'canary' } } });

  const safe = redacted({ error }) as { error: Record<string, unknown> };

  expect(safe.error).toMatchObject({
    name: 'CarrierError',
    message: 'Telnyx did not answer dial',
    code: 'CARRIER_ERROR',
    cause: { name: 'TypeError', code: 'ECONNRESET', message: `fetch failed for ${HIDDEN}` },
  });
  expect(JSON.stringify(safe)).not.toMatch(/canary|2025550123/);
});

test('circles and depths come to an end', () => {
  const circle: Record<string, unknown> = { a: 1 };
  circle['self'] = circle;
  const error = new Error('x');
  error.cause = error;

  expect(() => text(circle)).not.toThrow();
  expect(() => text(error)).not.toThrow();
});

test('audio that gets into a log line by mistake does not fill it', () => {
  expect(text({ audio: Buffer.alloc(4_000, 7) }).length).toBeLessThan(200);
});

test('a moment stays a moment', () => {
  const at = new Date('2026-11-20T12:00:00.000Z');

  expect(text({ at })).toContain('2026-11-20T12:00:00.000Z');
});

test('the log of a call gives nothing away: every entry goes through the redactor', () => {
  const log = new RecordingLogger();
  const turn = { speaker: 'callee', text: 'canary', isInterrupted: false };

  new CallLog(log).onEntry(anEntry({ type: 'turn.finished', data: { turn } }), aCall({ carrierCallId: 'leg-1' }));

  const [line] = log.lines;
  expect(line).toMatchObject({ level: 'info', message: 'turn.finished', fields: { carrierCallId: 'leg-1' } });
  expect(text(line?.fields)).not.toContain('canary');
  expect(text(line?.fields)).toContain('callee');
});

test('no log message of the source has anything filled in', () => {
  const source = join(__dirname, '../../../src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));

  const filled = files.filter((file) => /log\.\w+\(\s*`[^`]*\$\{/.test(readFileSync(join(source, file), 'utf8')));

  expect(files.length).toBeGreaterThan(100);
  expect(filled).toEqual([]);
});
