// The timeline of a call as it grows, over real connections; what the clock does is up to the test.

import type { Call } from '../../../src/calls/call';
import { endCall } from '../../../src/calls/end-call';
import type { StoredEntry, TimelineEntry } from '../../../src/calls/record-ports';
import { deferred } from '../../../src/lib/deferred';
import { aCall, aCallId, anEntry } from '../../support/builders';
import { ManualClock, settle } from '../../support/manual-clock';
import { until } from '../../support/until';
import { HttpRig } from './http-rig';
import { type SseClient, TestServer } from './sse-client';

let rig: HttpRig;
let server: TestServer;

beforeEach(async () => {
  rig = new HttpRig();
  server = await TestServer.listen(rig.app);
});

afterEach(async () => {
  await server.close();
  await until(() => rig.news.listeners.size === 0 && rig.calls.clock.pendingTimers === 0);
});

function path(query = ''): string {
  return `/api/ai-calls/${aCallId()}/events${query}`;
}

function open(query = '', headers: Readonly<Record<string, string>> = {}): Promise<SseClient> {
  return server.open(path(query), headers);
}

/** The call is over, and nothing of it is left. */
async function finish(...entries: readonly TimelineEntry[]): Promise<void> {
  await rig.calls.store.write([{ kind: 'call', call: finishedCall() }]);
  await rig.append(...entries);
}

function finishedCall(): Call {
  const timings = { createdAtMs: ManualClock.START_MS, endedAtMs: ManualClock.START_MS };
  return aCall({ status: 'completed', verdict: endCall('api-hung-up'), timings, mayHaveLeg: false });
}

test('what was comes first, what happens follows at once, and the end is said', async () => {
  await rig.record(aCall(), [anEntry()]);
  const client = await open();
  await client.received(1);

  await rig.append(anEntry({ type: 'dtmf.received', data: { digits: '1' } }));
  await client.received(2);
  await finish(anEntry({ type: 'call.completed' }), anEntry({ type: 'leg.down' }));
  await client.ended();

  expect(client.ids).toEqual(['1', '2', '3', '4', undefined]);
  expect(client.names).toEqual(['call.queued', 'dtmf.received', 'call.completed', 'leg.down', 'end']);
  const at = '2026-11-20T12:00:00.000Z';
  expect(client.events[1]?.data).toEqual({ id: 2, at, type: 'dtmf.received', digits: '1' });
  expect(client.events[4]?.data).toEqual({ callId: aCallId(), status: 'completed' });
});

test('an answer that goes through proxies as it comes, and says when to come back', async () => {
  await rig.record(aCall(), [anEntry()]);

  const client = await open();
  await client.received(1);

  expect(client.status).toBe(200);
  expect(client.headers).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  });
  expect(client.headers['content-encoding']).toBeUndefined();
  expect(client.text.startsWith('retry: 1000\n\nid: 1\n')).toBe(true);
});

test('a reader goes on where it was, by the header before the address', async () => {
  await rig.record(finishedCall(), [anEntry(), anEntry(), anEntry({ type: 'leg.down' })]);

  const byAddress = await open('?after=1');
  const byHeader = await open('?after=1', { 'Last-Event-ID': '2' });
  await byAddress.ended();
  await byHeader.ended();

  expect(byAddress.ids).toEqual(['2', '3', undefined]);
  expect(byHeader.ids).toEqual(['3', undefined]);
});

test('a reader that comes back for nothing is told so, and one that has missed something gets it', async () => {
  await rig.record(finishedCall(), [anEntry(), anEntry({ type: 'leg.down' })]);

  const all = await open('', { 'Last-Event-ID': '2' });
  await rig.append(anEntry({ type: 'usage.added' }));
  const missing = await open('', { 'Last-Event-ID': '2' });
  await missing.ended();

  expect([all.status, missing.status]).toEqual([204, 200]);
  expect(missing.names).toEqual(['usage.added', 'end']);
});

test('what another node writes comes within a second', async () => {
  await rig.record(aCall(), [anEntry()]);
  const client = await open();
  await client.received(1);

  await rig.calls.store.write([{ kind: 'entry', entry: anEntry({ type: 'call.ringing' }) }]);
  await settle();
  expect(client.events).toHaveLength(1);
  await rig.calls.clock.advanceAsync(1_000);
  await client.received(2);

  expect(client.names).toEqual(['call.queued', 'call.ringing']);
});

test('a call that is over goes on until its leg is down', async () => {
  await rig.record({ ...finishedCall(), mayHaveLeg: true }, [anEntry({ type: 'call.completed' })]);
  const client = await open();
  await client.received(1);

  await rig.calls.clock.advanceAsync(5_000);
  expect(client.isEnded).toBe(false);
  await finish(anEntry({ type: 'leg.down' }));
  await client.ended();

  expect(client.names).toEqual(['call.completed', 'leg.down', 'end']);
});

test('while a call waits for its leg, only what is new is read again', async () => {
  const { store } = rig.calls;
  await rig.record({ ...finishedCall(), mayHaveLeg: true }, [anEntry(), anEntry({ type: 'call.completed' })]);
  const client = await open();
  await client.received(2);
  const read = jest.spyOn(store, 'timeline');

  await rig.calls.clock.advanceAsync(5_000);

  expect(read.mock.calls.length).toBeGreaterThan(2);
  expect(new Set(read.mock.calls.map(([, after]) => after))).toEqual(new Set([2]));
});

test('a reader that comes back behind the last entry but one hears the rest and the end', async () => {
  await rig.record(finishedCall(), [anEntry(), anEntry({ type: 'leg.down' }), anEntry({ type: 'cost.added' })]);
  const client = await open('', { 'Last-Event-ID': '2' });
  await client.ended();

  expect(client.names).toEqual(['cost.added', 'end']);
});

test('while nothing happens, a sign of life keeps the connection', async () => {
  await rig.record(aCall(), [anEntry()]);
  const client = await open();
  await client.received(1);

  await rig.calls.clock.advanceAsync(30_000);
  await until(() => client.text.match(/^:$/gm)?.length === 2);

  expect(client.events).toHaveLength(1);
});

test('other calls do not wake a stream', async () => {
  await rig.record(aCall(), [anEntry()]);
  const client = await open();
  await client.received(1);
  await settle();
  const reads = jest.spyOn(rig.calls.store, 'timeline');

  rig.news.tell([aCallId(2)]);
  await settle();
  expect(reads).not.toHaveBeenCalled();
  rig.news.tell([aCallId(2), aCallId()]);
  await until(() => reads.mock.calls.length > 0);
});

test('a record that cannot be read for a while is read later, and said once in the log', async () => {
  await rig.record(aCall(), [anEntry()]);
  const client = await open();
  await client.received(1);
  rig.calls.store.before = () => Promise.reject(new Error('The database is gone.'));

  await rig.calls.clock.advanceAsync(5_000);
  rig.calls.store.before = () => Promise.resolve();
  await rig.append(anEntry({ type: 'call.ringing' }));
  await rig.calls.clock.advanceAsync(1_000);
  await client.received(2);

  expect(rig.calls.log.at('warn').map(({ message }) => message)).toEqual(['Events of a call could not be read']);
});

describe('a reader that takes nothing', () => {
  const large = anEntry({ type: 'tool.finished', data: { output: 'x'.repeat(200_000) } });

  test('is not read ahead for, and gets everything when it reads again', async () => {
    await rig.record(aCall(), [anEntry()]);
    const client = await server.openSlowly(path());
    await fill(large);
    const reads = jest.spyOn(rig.calls.store, 'timeline');

    await rig.append(anEntry({ type: 'call.ringing' }));
    await rig.calls.clock.advanceAsync(20_000);
    expect(reads).not.toHaveBeenCalled();

    client.read();
    await until(() => client.names.at(-1) === 'call.ringing');
    expect(client.ids).toEqual(Array.from({ length: client.ids.length }, (_, index) => String(index + 1)));
  });

  test('for a minute is let go', async () => {
    await rig.record(aCall(), [anEntry()]);
    await server.openSlowly(path());
    await fill(large);

    await rig.calls.clock.advanceAsync(61_000);

    await until(() => rig.news.listeners.size === 0);
  });

  /** Writes until what the reader has not taken fills every buffer on the way. */
  async function fill(entry: TimelineEntry): Promise<void> {
    const reads = jest.spyOn(rig.calls.store, 'timeline');
    let before: number;
    do {
      before = reads.mock.calls.length;
      await rig.append(...Array.from({ length: 20 }, () => entry));
      for (let round = 0; round < 20; round += 1) await settle();
    } while (reads.mock.calls.length > before);
    reads.mockRestore();
  }
});

test('a reader that leaves leaves nothing behind, and its place is free', async () => {
  await rig.record(aCall(), [anEntry()]);
  const first = await open();
  await first.received(1);
  expect(rig.news.listeners.size).toBe(1);

  first.leave();

  await until(() => rig.news.listeners.size === 0);
  await until(() => rig.calls.clock.pendingTimers === 0);
});

test('a reader that leaves before it is answered leaves nothing behind either', async () => {
  await rig.record(aCall(), [anEntry()]);
  const { promise, resolve } = deferred<readonly StoredEntry[]>();
  const reads = jest.spyOn(rig.calls.store, 'timeline').mockReturnValue(promise);
  const leaving = new AbortController();
  const answer = fetch(server.url + path(), { headers: { accept: 'text/event-stream' }, signal: leaving.signal });
  await until(() => reads.mock.calls.length === 1);

  leaving.abort();
  await expect(answer).rejects.toThrow();
  await until(() => server.closedAnswers === 1);
  resolve([]);

  await settle();
  expect([rig.news.listeners.size, rig.calls.clock.pendingTimers]).toEqual([0, 0]);
});

test('as long as the last entry is on its way into the record, the end is not said', async () => {
  await rig.record(finishedCall(), [anEntry({ type: 'call.completed' })]);
  const client = await open();
  await client.received(1);

  await rig.calls.clock.advanceAsync(5_000);
  expect(client.isEnded).toBe(false);
  await rig.append(anEntry({ type: 'leg.down' }));
  await client.ended();

  expect(client.names).toEqual(['call.completed', 'leg.down', 'end']);
});

test('a hundred streams at once are enough, and one that is closed makes room', async () => {
  await rig.record(aCall(), [anEntry()]);
  const [first] = await Promise.all(Array.from({ length: 100 }, () => open()));

  const refused = await fetch(server.url + path(), { headers: { accept: 'text/event-stream' } });
  const list = await fetch(server.url + path());
  first?.leave();
  await until(async () => (await open()).status === 200);

  expect([refused.status, list.status]).toEqual([503, 200]);
  expect(await refused.json()).toMatchObject({ code: 'TOO_MANY_STREAMS' });
  expect(refused.headers.get('retry-after')).toBe('5');
});
