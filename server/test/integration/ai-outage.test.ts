// An AI that cannot be reached: for a while, in the middle of a call, and for good, because of the account. In real time:
// what the callee hears, and when, is the matter.

import type { Clock } from '../../src/calls/ports';
import { SYSTEM_CLOCK } from '../../src/app/system-clock';
import type { ConnectionFailure } from '../../src/simulator/simulated-openai/admission';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';
import {
  AI,
  ANSWER_HZ,
  EDGES_MS,
  FIRST,
  FIRST_HZ,
  LISTEN,
  OPENING,
  OPENING_HZ,
  SAY_SOMETHING,
  TURN_MS,
  bridge,
  heard,
  speech,
  useBridge,
} from './tone-calls';

const FILLER = 'One moment, please.';
const NO_NUDGE = { silenceNudgeSeconds: 0 };

/** What the carrier's voice said. */
function announced(server: TestBridge = bridge): unknown[] {
  const requests = server.telnyx.requests.filter(({ operation }) => operation === 'speak');
  return requests.map(({ body }) => (body as { payload: string }).payload);
}

describe('a connection that is lost in the middle of a call', () => {
  useBridge();

  /** Loses the connection when the opening has been heard; the next one takes so long to open. */
  async function loseAi(reopening: ConnectionFailure | undefined): Promise<string> {
    const callId = await bridge.place(NO_NUDGE);
    await bridge.entry(callId, 'turn.finished');
    if (reopening) bridge.openai.failNextConnection(reopening);
    bridge.openai.sessions[0]!.drop();
    return callId;
  }

  test('is covered by the carrier’s voice when it takes longer than a pause, and the AI goes on', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING] });
    bridge.telnyx.setDefaultScript({
      steps: [...LISTEN, { do: 'wait', ms: 4_000 }, SAY_SOMETHING, { do: 'wait', ms: 10_000 }],
    });

    const callId = await loseAi({ kind: 'slow', delayMs: 2_000 });
    const filler = await bridge.entry(callId, 'filler.spoken');
    await bridge.entry(callId, 'ai.resumed');
    await until(() => heard(ANSWER_HZ).totalMs > 0);

    expect(announced()).toEqual([FILLER]);
    expect(filler.data['afterMs']).toBeGreaterThanOrEqual(990);
    expect(filler.data['afterMs']).toBeLessThan(2_000);
  });

  test('is covered in the middle of the AI’s sentence as well, when what had arrived of it has been heard', async () => {
    const sentence = { ...speech(OPENING_HZ, 5_000), speedup: 1, breaks: { afterMs: 1_500, how: 'drop' } } as const;
    bridge.openai.setScriptFor(({ index }) => (index === 0 ? { ...AI, asked: [sentence] } : { ...AI, asked: [FIRST] }));
    const callId = await bridge.place(NO_NUDGE);
    await bridge.entry(callId, 'greeting.started');
    bridge.openai.failNextConnection({ kind: 'slow', delayMs: 3_000 });

    await bridge.entry(callId, 'filler.spoken');
    await bridge.entry(callId, 'ai.resumed');
    await until(() => heard(FIRST_HZ).totalMs > 0);

    expect(announced()).toEqual([FILLER]);
    expect(heard(OPENING_HZ).totalMs).toBeLessThan(2_000);
  });

  test('is not spoken of when it is short', async () => {
    bridge.openai.setDefaultScript({ ...AI, asked: [OPENING] });
    bridge.telnyx.setDefaultScript({ steps: [...LISTEN, { do: 'wait', ms: 2_000 }, SAY_SOMETHING, ...LISTEN] });

    const callId = await loseAi(undefined);
    await bridge.entry(callId, 'ai.resumed');
    await until(() => heard(ANSWER_HZ).totalMs >= TURN_MS - EDGES_MS);

    expect(announced()).toEqual([]);
  });
});

describe('an account that the AI refuses', () => {
  const PROBE_EVERY_MS = 30_000;

  // Half a minute is a long test; nothing else here waits exactly that long.
  const clock: Clock = {
    ...SYSTEM_CLOCK,
    after: (delayMs, task) => SYSTEM_CLOCK.after(delayMs === PROBE_EVERY_MS ? 1_500 : delayMs, task),
  };

  let server: TestBridge;

  beforeEach(async () => {
    server = await TestBridge.start({ compose: { clock, deadlines: { lastWordsMs: 300 } } });
    server.openai.setDefaultScript({ ...AI, asked: [OPENING] });
  });

  afterEach(async () => {
    await server.close();
  });

  function create(): ReturnType<TestBridge['request']> {
    return server.request('POST', '/api/ai-calls/create', { to: '+12025550123', ...NO_NUDGE });
  }

  test.each<[ConnectionFailure['kind'], string]>([
    ['insufficient-quota', 'insufficient_quota'],
    ['invalid-key', 'invalid_api_key'],
    ['model-not-found', 'model_not_found'],
  ])('stops new calls until a try succeeds (%s)', async (kind, said) => {
    server.openai.failNextConnection({ kind } as ConnectionFailure);
    const failed = await server.ended(await server.place(NO_NUDGE));
    expect(failed).toMatchObject({ status: 'failed', verdict: { result: 'ai-error' } });

    const refused = await create();
    expect(refused).toMatchObject({ status: 503, body: { code: 'AI_UNAVAILABLE' } });
    expect(refused.body['detail']).toContain(said);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await server.request('GET', '/ready')).status).toBe(503);
    expect(server.telnyx.legs).toHaveLength(1);

    await until(async () => (await server.request('GET', '/ready')).status === 200, { timeoutMs: 10_000 });
    expect((await create()).status).toBe(201);
  });

  test('leaves calls that live alone', async () => {
    server.telnyx.setDefaultScript({ steps: [...LISTEN, { do: 'wait', ms: 3_000 }, { do: 'hang-up' }] });
    const living = await server.place(NO_NUDGE);
    await server.entry(living, 'turn.finished');
    server.openai.failNextConnection({ kind: 'insufficient-quota' });
    await server.ended(await server.place({ ...NO_NUDGE, to: '+12025550124' }));

    expect((await create()).status).toBe(503);

    expect(await server.ended(living)).toMatchObject({ status: 'completed', endReason: 'callee-hung-up' });
  });
});
