// How the logs of the two simulators become the record of one call, on one clock.

import { callRecord, type LegFacts, type SessionFacts } from '../../../bench/conversation/call-record';

const CALL = { index: 3, networkDelayMs: 40 };

function leg(about: Partial<LegFacts> = {}): LegFacts {
  return {
    answeredAtMs: 1,
    streamStartedAtMs: 2,
    firstAudioAtMs: 3,
    clears: [],
    received: [],
    violations: [],
    ...about,
  };
}

type Event = SessionFacts['serverEvents'][number];

function event(type: string, atMs: number, fields: object = {}, bytes = 0): Event {
  return { type, atMs, event: { type, ...fields }, bytes };
}

function session(about: Partial<SessionFacts> = {}): SessionFacts {
  return { serverEvents: [], clientEvents: [], violations: [], ...about };
}

function delta(itemId: string, atMs: number, bytes: number): Event {
  return event('response.output_audio.delta', atMs, { item_id: itemId, response_id: 'r' }, bytes);
}

test('moments of the AI are on the clock of the carrier', () => {
  const serverEvents = [
    event('response.created', 5, { response: { id: 'r' } }),
    event('input_audio_buffer.speech_started', 7),
  ];

  const { speechStartedAtMs, responses } = callRecord(CALL, leg(), session({ serverEvents }));

  expect(speechStartedAtMs).toEqual([performance.timeOrigin + 7]);
  expect(responses).toEqual([{ responseId: 'r', atMs: performance.timeOrigin + 5 }]);
});

test('deltas become items in the order of their first audio, measured in milliseconds', () => {
  const serverEvents = [delta('a', 1, 480), delta('b', 2, 960), delta('a', 3, 48)];

  const { items } = callRecord(CALL, leg(), session({ serverEvents }));

  expect(items.map(({ itemId, responseId }) => [itemId, responseId])).toEqual([
    ['a', 'r'],
    ['b', 'r'],
  ]);
  expect(items.map(({ deltas }) => deltas.map(({ audioMs }) => audioMs))).toEqual([[10, 1], [20]]);
});

test('each item has what the AI was told of it', () => {
  const clientEvents = [
    event('conversation.item.truncate', 4, { item_id: 'a', audio_end_ms: 7 }),
    event('conversation.item.delete', 4, { item_id: 'b' }),
  ];
  const serverEvents = ['a', 'b', 'c'].map((itemId) => delta(itemId, 1, 480));

  const { items } = callRecord(CALL, leg(), session({ serverEvents, clientEvents }));

  expect(items.map(({ told }) => told)).toEqual([
    { truncatedToMs: 7, isDeleted: false },
    { isDeleted: true },
    { isDeleted: false },
  ]);
});

test('a clear knows what had arrived before it', () => {
  const received = [
    { event: 'media', atMs: 1, audioMs: 100 },
    { event: 'mark', atMs: 1, name: 'mark-1' },
    { event: 'media', atMs: 2, audioMs: 60 },
    { event: 'clear', atMs: 3 },
    { event: 'media', atMs: 4, audioMs: 20 },
    { event: 'clear', atMs: 5 },
  ];
  const clears = [
    { atMs: 3, playedMs: 140 },
    { atMs: 5, playedMs: 150 },
  ];

  expect(callRecord(CALL, leg({ received, clears }), session()).clears).toEqual([
    { atMs: 3, playedMs: 140, arrivedMs: 160 },
    { atMs: 5, playedMs: 150, arrivedMs: 180 },
  ]);
});

test('what either far end refused is in the record', () => {
  const sides = [leg({ violations: ['a frame'] }), session({ violations: ['an event'] })] as const;

  expect(callRecord(CALL, ...sides)).toMatchObject({ ...CALL, answeredAtMs: 1, violations: ['a frame', 'an event'] });
});
