// A server that is told to stop takes leave of the people on the phone: the AI says goodbye, and the line goes down when
// that is heard. In real time: what is heard is the matter.

import type { RecordedRequest } from '../../src/simulator/simulated-telnyx/telnyx-api';
import { until } from '../support/until';
import {
  AI,
  ANSWER_HZ,
  FIRST,
  GOODBYE,
  GOODBYE_HZ,
  LISTEN,
  OPENING,
  OPENING_HZ,
  SAY_SOMETHING,
  bridge,
  expectWhole,
  heard,
  speech,
  useBridge,
} from './tone-calls';

useBridge();

const NO_NUDGE = { silenceNudgeSeconds: 0 };

/** The verdict of the one call, as whoever watches it learns it: the API is gone by then. */
function verdict(): unknown {
  return bridge.entries.find(({ data }) => data['verdict'] !== undefined)?.data['verdict'];
}

function announcements(): readonly RecordedRequest[] {
  return bridge.telnyx.requests.filter(({ operation }) => operation === 'speak');
}

async function expectAllDown(): Promise<void> {
  await bridge.telnyx.allLegsDown();
  await until(() => bridge.openai.liveSessions().length === 0);
  expect(bridge.entries.some(({ type }) => type === 'leg.down')).toBe(true);
}

/** Places a call and waits until its opening has been heard. */
async function placeAndOpen(): Promise<void> {
  const callId = await bridge.place(NO_NUDGE);
  await bridge.entry(callId, 'turn.finished');
}

test('says goodbye, is heard, and nothing else is said after it', async () => {
  bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, GOODBYE] });
  await placeAndOpen();

  await bridge.stopServer();

  expectWhole(heard(OPENING_HZ));
  expectWhole(heard(GOODBYE_HZ));
  expect(verdict()).toMatchObject({ reason: 'server-stopping', details: { saidGoodbye: true } });
  expect(announcements()).toEqual([]);
  await expectAllDown();
});

test('cuts off a story, and no word of the callee keeps it', async () => {
  bridge.openai.setDefaultScript({ ...AI, asked: [speech(OPENING_HZ, 20_000), speech(GOODBYE_HZ, 1_500)] });
  bridge.telnyx.setDefaultScript({
    steps: [{ do: 'wait-for-speech' }, { do: 'wait', ms: 2_000 }, SAY_SOMETHING, { do: 'wait', ms: 20_000 }],
  });
  const callId = await bridge.place({ ...NO_NUDGE, protectGreeting: true });
  await bridge.entry(callId, 'greeting.started');
  await until(() => heard(OPENING_HZ).totalMs > 500);

  await bridge.stopServer();

  expectWhole(heard(GOODBYE_HZ), 1_500);
  expect(heard(OPENING_HZ).totalMs).toBeLessThan(5_000);
  expect(heard(ANSWER_HZ).totalMs).toBe(0);
  await expectAllDown();
});

test('waits for an AI that says no goodbye, but not for long, and has the carrier say a sentence', async () => {
  bridge.openai.setDefaultScript({ asked: [OPENING], otherwise: { deltaLagMs: 60_000 } });
  await placeAndOpen();
  const startedAtMs = Date.now();

  await bridge.stopServer();

  expect(Date.now() - startedAtMs).toBeLessThan(20_000);
  expect(verdict()).toMatchObject({ reason: 'server-stopping', details: {} });
  expect(announcements()).toHaveLength(1);
  await expectAllDown();
}, 30_000);

test('lets go of a phone that rings at once', async () => {
  bridge.telnyx.setDefaultScript({ ringMs: 15_000 });
  const callId = await bridge.place(NO_NUDGE);
  await bridge.entry(callId, 'call.ringing');
  const startedAtMs = Date.now();

  await bridge.stopServer();

  expect(Date.now() - startedAtMs).toBeLessThan(5_000);
  expect(announcements()).toEqual([]);
  await expectAllDown();
});

test('takes leave of several at a time, each with its own goodbye', async () => {
  bridge.openai.setDefaultScript({ ...AI, asked: [OPENING, GOODBYE] });
  const callIds = await Promise.all([bridge.place(NO_NUDGE), bridge.place(NO_NUDGE), bridge.place(NO_NUDGE)]);
  for (const callId of callIds) await bridge.entry(callId, 'turn.finished');
  const startedAtMs = Date.now();

  await bridge.stopServer();

  expect(Date.now() - startedAtMs).toBeLessThan(8_000);
  const verdicts = bridge.entries.flatMap(({ data }) => (data['verdict'] === undefined ? [] : [data['verdict']]));
  expect(verdicts).toEqual(Array(3).fill(expect.objectContaining({ details: { saidGoodbye: true } })));
  await expectAllDown();
});

test('ends at once when it is told again', async () => {
  bridge.openai.setDefaultScript({ asked: [OPENING, FIRST], otherwise: { deltaLagMs: 60_000 } });
  bridge.telnyx.setDefaultScript({ steps: [...LISTEN, { do: 'wait', ms: 20_000 }] });
  await placeAndOpen();
  const startedAtMs = Date.now();

  await Promise.all([bridge.stopServer(), bridge.stopServer()]);

  expect(Date.now() - startedAtMs).toBeLessThan(5_000);
  expect(verdict()).toMatchObject({ reason: 'server-stopping' });
  await expectAllDown();
});
