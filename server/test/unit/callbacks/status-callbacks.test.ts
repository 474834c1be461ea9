// Status callbacks to a real endpoint on this machine.

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StatusCallbacks } from '../../../src/callbacks/status-callbacks';
import type { Call } from '../../../src/calls/call';
import type { CallStatus } from '../../../src/calls/call-state';
import { endCall } from '../../../src/calls/end-call';
import { aCall, aCallId, anEntry } from '../../support/builders';
import { RecordingLogger } from '../../support/fakes';
import { ManualClock } from '../../support/manual-clock';
import { until } from '../../support/until';

type Delivery = {
  readonly path: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: Body;
};
type Body = { readonly event: string; readonly status: string; readonly [field: string]: unknown };

let endpoint: Server;
let url: string;
let delivered: Delivery[];
/** The answers to the next deliveries; 200 when there are none left. */
let answers: number[];
let clock: ManualClock;
let log: RecordingLogger;
let callbacks: StatusCallbacks;

beforeEach(async () => {
  delivered = [];
  answers = [];
  clock = new ManualClock();
  log = new RecordingLogger();
  callbacks = new StatusCallbacks({ clock, log });
  endpoint = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
      delivered.push({ path: request.url, headers: request.headers, body });
      response.writeHead(answers.shift() ?? 200, { Location: `${url}/elsewhere` }).end('ok');
    });
  });
  await new Promise<void>((resolve) => {
    endpoint.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}`;
});

afterEach(async () => {
  endpoint.closeAllConnections();
  await new Promise((resolve) => {
    endpoint.close(resolve);
  });
});

function tell(status: CallStatus, changes: Partial<Call> = {}): void {
  const call = aCall({ status, statusCallbackUrl: `${url}/hook`, ...changes });
  callbacks.onEntry(anEntry({ type: `call.${status}`, callId: call.callId }), call);
}

function statuses(): string[] {
  return delivered.map(({ body }) => body.status);
}

test('tells what happened, to which call, and how it ended', async () => {
  tell('busy', { metadata: { order: '17' }, verdict: endCall('callee-busy') });
  await callbacks.flush();

  expect(delivered).toMatchObject([{ path: '/hook', headers: { 'content-type': 'application/json' } }]);
  expect(delivered[0]!.body).toEqual({
    event: 'call.busy',
    at: new Date(ManualClock.START_MS).toISOString(),
    callId: aCallId(),
    status: 'busy',
    verdict: JSON.parse(JSON.stringify(endCall('callee-busy'))),
    metadata: { order: '17' },
  });
});

test('does not say who is called, nor what about', async () => {
  tell('ringing', { instructions: 'canary' });
  await callbacks.flush();

  expect(JSON.stringify(delivered)).not.toMatch(/canary|2025550123/);
});

test('delivers the statuses of a call in their order, one at a time', async () => {
  answers = [500];
  for (const status of ['queued', 'initiated', 'ringing', 'in-progress'] as const) tell(status);
  await until(() => log.at('warn').length === 1);
  expect(statuses()).toEqual(['queued']);

  await clock.advanceAsync(1_000);
  await callbacks.flush();

  expect(statuses()).toEqual(['queued', 'queued', 'initiated', 'ringing', 'in-progress']);
});

test('a call whose endpoint fails does not hold up another call', async () => {
  answers = [500];
  tell('ringing');
  await until(() => log.at('warn').length === 1);

  tell('busy', { callId: aCallId(2) });
  await until(() => delivered.length === 2);

  expect(delivered[1]!.body['callId']).toBe(aCallId(2));
  await clock.advanceAsync(1_000);
  await callbacks.flush();
});

test('gives a delivery up after three tries, one and two seconds apart, and goes on with the next', async () => {
  answers = [500, 503, 502];
  tell('queued');
  tell('initiated');
  await until(() => log.at('warn').length === 1);
  await clock.advanceAsync(1_000);
  await until(() => log.at('warn').length === 2);
  await clock.advanceAsync(1_999);
  expect(delivered).toHaveLength(2);

  await clock.advanceAsync(1);
  await callbacks.flush();

  expect(statuses()).toEqual(['queued', 'queued', 'queued', 'initiated']);
  expect(clock.pendingTimers).toBe(0);
});

test.each([301, 302, 307, 308])('a redirect (%i) is a failure, and is not followed', async (status) => {
  answers = [status];
  tell('ringing');
  await until(() => log.at('warn').length === 1);

  await callbacks.flush();
  expect(delivered.map(({ path }) => path)).toEqual(['/hook']);
});

test.each([400, 401, 404, 410])('an endpoint that answers %i would answer the same again', async (status) => {
  answers = [status];
  tell('queued');
  tell('initiated');
  await callbacks.flush();

  expect(statuses()).toEqual(['queued', 'initiated']);
  expect(clock.pendingTimers).toBe(0);
});

test.each([408, 425, 429, 500, 503])('an endpoint that answers %i is asked again', async (status) => {
  answers = [status];
  tell('queued');
  await until(() => log.at('warn').length === 1);

  await clock.advanceAsync(1_000);
  await callbacks.flush();

  expect(statuses()).toEqual(['queued', 'queued']);
});

test('closing ends what is on its way and what waits', async () => {
  answers = [500];
  tell('queued');
  tell('initiated');
  await until(() => log.at('warn').length === 1);

  callbacks.close();
  await clock.advanceAsync(60_000);
  await callbacks.flush();

  expect(statuses()).toEqual(['queued']);
  expect(clock.pendingTimers).toBe(0);
});

test('an endpoint where nobody listens is logged without its address, which may be a secret', async () => {
  tell('ringing', { statusCallbackUrl: 'http://127.0.0.1:1/canary' });
  await until(() => log.at('warn').length === 1);

  expect(log.at('warn')[0]?.fields).toMatchObject({ callId: aCallId(), attempt: 1, code: 'ECONNREFUSED' });
  expect(JSON.stringify(log.lines)).not.toContain('canary');
  await clock.advanceAsync(1_000);
  await until(() => log.at('warn').length === 2);
  await clock.advanceAsync(2_000);
  await callbacks.flush();
});

test('calls that asked for nothing, and entries that are no status, are not told', async () => {
  const call = aCall({ statusCallbackUrl: `${url}/hook` });

  callbacks.onEntry(anEntry({ type: 'call.ringing' }), aCall());
  callbacks.onEntry(anEntry({ type: 'turn.finished' }), call);
  callbacks.onEntry(anEntry({ type: 'leg.down' }), call);
  await callbacks.flush();

  expect(delivered).toEqual([]);
});

test('is told as it was, although the call has moved on since', async () => {
  tell('queued');
  tell('initiated');
  await callbacks.flush();

  expect(statuses()).toEqual(['queued', 'initiated']);
});

test('flush waits for what is under way', async () => {
  let isFlushed = false;
  answers = [500];
  tell('ringing');
  await until(() => log.at('warn').length === 1);
  const flushed = callbacks.flush().then(() => (isFlushed = true));
  expect(isFlushed).toBe(false);

  await clock.advanceAsync(1_000);
  await flushed;

  expect(delivered).toHaveLength(2);
});
