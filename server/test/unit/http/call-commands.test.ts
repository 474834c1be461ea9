// The commands with a body, over a service that remembers what it was asked.

import express, { type Express } from 'express';
import request from 'supertest';
import type { Call } from '../../../src/calls/call';
import { CallNotFoundError, CallStateError, CarrierError } from '../../../src/calls/errors';
import { createDestinationPolicy } from '../../../src/http/destination';
import { problemHandler } from '../../../src/http/problem';
import { callCommandsRouter, type CallCommandsDeps } from '../../../src/http/routes/call-commands';
import { aCall, aCallId } from '../../support/builders';
import { RecordingLogger } from '../../support/fakes';
import { problemFields } from './http-rig';

const ID = aCallId();
const TO = '+12025550177';

/** Takes every command for the one call that it knows, unless it is to fail. */
class RecordingCalls implements Pick<CallCommandsDeps['calls'], keyof CallCommandsDeps['calls']> {
  readonly asked: { readonly command: string; readonly callId: string; readonly what?: unknown }[] = [];
  failure: Error | undefined;

  get(callId: string): Promise<Call> {
    return callId === ID ? Promise.resolve(aCall()) : Promise.reject(new CallNotFoundError('No call has this id.'));
  }

  async say(callId: string, what: unknown): Promise<{ readonly call: Call; readonly sayId: string }> {
    return { call: await this.#take('say', callId, what), sayId: 'say-1' };
  }

  setInstructions(callId: string, what: unknown): Promise<Call> {
    return this.#take('instructions', callId, what);
  }

  sendDigits(callId: string, what: unknown): Promise<Call> {
    return this.#take('dtmf', callId, what);
  }

  transfer(callId: string, what: unknown): Promise<Call> {
    return this.#take('transfer', callId, what);
  }

  #take(command: string, callId: string, what: unknown): Promise<Call> {
    if (this.failure) return Promise.reject(this.failure);
    this.asked.push({ command, callId, what });
    return this.get(callId);
  }
}

let calls: RecordingCalls;
let log: RecordingLogger;
let app: Express;

beforeEach(() => {
  calls = new RecordingCalls();
  log = new RecordingLogger();
  const destinations = createDestinationPolicy({
    allowedCountries: ['US'],
    fromNumber: '+12025550100',
    sipDomains: ['pbx.example'],
  });
  app = express().use('/calls', callCommandsRouter({ calls, destinations }), problemHandler(log));
});

function post(command: string, body: unknown, callId = ID): request.Test {
  return request(app)
    .post(`/calls/${callId}/${command}`)
    .set('Content-Type', 'application/json')
    .send(JSON.stringify(body));
}

/** A body that is right for each command. */
const RIGHT = {
  say: { text: 'One moment.' },
  instructions: { instructions: 'Be brief.' },
  dtmf: { digits: '1' },
  transfer: { to: TO },
};

const COMMANDS = Object.keys(RIGHT) as (keyof typeof RIGHT)[];

describe('what was asked', () => {
  test.each<[keyof typeof RIGHT, object, unknown]>([
    ['say', { text: 'a' }, { text: 'a', timing: 'now', isProtected: false }],
    [
      'say',
      { text: 'a'.repeat(1_000), when: 'next-pause', protect: true },
      { text: 'a'.repeat(1_000), timing: 'next-pause', isProtected: true },
    ],
    ['instructions', { instructions: 'a' }, { instructions: 'a', mode: 'replace' }],
    [
      'instructions',
      { instructions: 'a'.repeat(16_000), mode: 'append' },
      { instructions: 'a'.repeat(16_000), mode: 'append' },
    ],
    ['dtmf', { digits: '0123456789ABCD*#wW' }, '0123456789ABCD*#wW'],
    ['dtmf', { digits: '1'.repeat(64) }, '1'.repeat(64)],
    ['transfer', { to: TO }, { to: TO, announcement: undefined }],
    [
      'transfer',
      { to: 'sip:desk@pbx.example', announcement: 'a'.repeat(500) },
      { to: 'sip:desk@pbx.example', announcement: 'a'.repeat(500) },
    ],
  ])('%s %# reaches the call', async (command, body, what) => {
    const answer = await post(command, body);

    expect(answer.body).toMatchObject({ callId: ID, status: 'queued' });
    expect(calls.asked).toEqual([{ command, callId: ID, what }]);
  });

  test('is answered by whether it is done or will be', async () => {
    const statuses = [];
    for (const command of COMMANDS) statuses.push([command, (await post(command, RIGHT[command])).status]);

    expect(statuses).toEqual([
      ['say', 202],
      ['instructions', 200],
      ['dtmf', 200],
      ['transfer', 202],
    ]);
  });

  test('say tells by which id its outcome will be told', async () => {
    expect((await post('say', RIGHT.say)).body.sayId).toBe('say-1');
  });

  test('finds its call by an id in capitals too', async () => {
    const callId = 'ABCDEF00-0000-4000-8000-000000000001';
    await post('dtmf', RIGHT.dtmf, callId);

    expect(calls.asked[0]?.callId).toBe(callId.toLowerCase());
  });
});

describe('a field that is wrong is named', () => {
  test.each<[keyof typeof RIGHT, unknown, string]>([
    ['say', {}, 'text'],
    ['say', { text: ' ' }, 'text'],
    ['say', { text: 'a'.repeat(1_001) }, 'text'],
    ['say', { text: 'a\0' }, 'text'],
    ['say', { text: 'a', when: 'later' }, 'when'],
    ['say', { text: 'a', protect: 'yes' }, 'protect'],
    ['say', { text: 'a', voice: 'marin' }, 'voice'],
    ['say', ['a'], 'body'],
    ['instructions', {}, 'instructions'],
    ['instructions', { instructions: '' }, 'instructions'],
    ['instructions', { instructions: 'a'.repeat(16_001) }, 'instructions'],
    ['instructions', { instructions: 'a', mode: 'prepend' }, 'mode'],
    ['instructions', { text: 'a', instructions: 'a' }, 'text'],
    ['dtmf', {}, 'digits'],
    ['dtmf', { digits: '' }, 'digits'],
    ['dtmf', { digits: 1 }, 'digits'],
    ['dtmf', { digits: '1'.repeat(65) }, 'digits'],
    ['dtmf', { digits: '1 2' }, 'digits'],
    ['dtmf', { digits: '1\n' }, 'digits'],
    ['dtmf', { digits: 'abcd' }, 'digits'],
    ['dtmf', { digits: '1', durationMs: 250 }, 'durationMs'],
    ['transfer', {}, 'to'],
    ['transfer', { to: '2025550177' }, 'to'],
    ['transfer', { to: 'sip:pbx.example' }, 'to'],
    ['transfer', { to: '+10005550123' }, 'to'],
    ['transfer', { to: '+12025550100' }, 'to'],
    ['transfer', { to: TO, announcement: '' }, 'announcement'],
    ['transfer', { to: TO, announcement: 'a'.repeat(501) }, 'announcement'],
    ['transfer', { to: TO, from: TO }, 'from'],
  ])('%s %j', async (command, body, field) => {
    expect(problemFields(await post(command, body), 'VALIDATION_FAILED')).toEqual([field]);
    expect(calls.asked).toEqual([]);
  });

  test.each([
    ['+4915112345678', 'DESTINATION_NOT_ALLOWED'],
    ['+19005550123', 'PREMIUM_DESTINATION'],
    ['sip:desk@example.com', 'DESTINATION_NOT_ALLOWED'],
  ] as const)('a transfer to %s, where nobody may be called', async (to, code) => {
    expect(problemFields(await post('transfer', { to }), code)).toEqual(['to']);
    expect(calls.asked).toEqual([]);
  });
});

describe.each(COMMANDS)('%s', (command) => {
  test('needs a body in JSON', async () => {
    const path = `/calls/${ID}/${command}`;

    problemFields(await request(app).post(path), 'MEDIA_TYPE_NOT_SUPPORTED');
    problemFields(await request(app).post(path).type('text/plain').send('x'), 'MEDIA_TYPE_NOT_SUPPORTED');
    problemFields(await request(app).post(path).type('json').send('{'), 'BODY_NOT_JSON');
  });

  test('of no call says so', async () => {
    problemFields(await post(command, RIGHT[command], aCallId(99)), 'CALL_NOT_FOUND');
    problemFields(await post(command, RIGHT[command], 'nonsense'), 'CALL_NOT_FOUND');
  });

  test('of a call in the wrong status says what is the matter and what the call must be', async () => {
    calls.failure = new CallStateError('ringing', 'A call that is ringing cannot do this.');

    const answer = await post(command, RIGHT[command]);

    problemFields(answer, 'CALL_STATE_CONFLICT');
    expect(answer.body.detail).toMatch(/^A call that is ringing cannot do this\. .*`in-progress`/);
  });

  test('that the carrier does not carry out is the carrier’s fault, told and logged', async () => {
    calls.failure = new CarrierError('Telnyx answered it with 422', { failure: 'refused', httpStatus: 422 });

    const answer = await post(command, RIGHT[command]);

    problemFields(answer, 'CARRIER_ERROR');
    expect(answer.body.detail).toMatch(/^Telnyx answered it with 422\. .+\.$/);
    expect(log.at('warn')).toHaveLength(1);
  });
});

test('a cure that the carrier’s refusal has is told instead of the general one', async () => {
  calls.failure = new CarrierError('Telnyx said no', { failure: 'refused', cure: 'Create a new key in the portal.' });

  const answer = await post('dtmf', RIGHT.dtmf);

  expect(answer.body.detail).toBe('Telnyx said no. Create a new key in the portal.');
});
