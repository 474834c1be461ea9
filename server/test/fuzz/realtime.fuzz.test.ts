// An AI that says anything in any order: the call goes on or ends with a verdict, it can be hung up, and what it cost is
// a number or not known.

import fc from 'fast-check';
import { until } from '../support/until';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { FuzzBridge } from './fuzz-bridge';
import { type Json, jsonText, mutated, rendered } from './hostile-values';
import { OddOpenai, type OddPlan } from './odd-openai';
import { AUDIO_DELTA, OTHER_EVENTS, SOUND_RESPONSE } from './realtime-samples';

let openai: OddOpenai;
let fuzz: FuzzBridge;

beforeAll(async () => {
  openai = await OddOpenai.start();
  fuzz = await FuzzBridge.start({ env: { OPENAI_BASE_URL: openai.baseUrl, CALLS_PER_SECOND: '1000' } });
}, 30_000);

afterAll(async () => {
  await fuzz.close();
  await openai.close();
  tellCounts();
}, 30_000);

const anyEvent: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom(...SOUND_RESPONSE),
  fc.constantFrom(...OTHER_EVENTS),
  fc.constant(AUDIO_DELTA),
);

/** A response with one of its events changed, left out, or said twice. */
const oddResponse = fc
  .tuple(
    fc.nat(SOUND_RESPONSE.length - 1),
    fc.constantFrom('r1', 'r2', 'r3'),
    fc.constantFrom('mutate', 'drop', 'double'),
    mutated(anyEvent),
  )
  .map(([at, id, how, other]) =>
    SOUND_RESPONSE.flatMap((event, index) => {
      if (index !== at) return [event];
      if (how === 'drop') return [];
      return how === 'double' ? [event, event] : [other];
    }).map((event) => rendered(event).replaceAll('"r1"', `"${id}"`)),
  );

const events = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: oddResponse },
      { weight: 6, arbitrary: jsonText(mutated(anyEvent)).map((text) => [text]) },
      { weight: 2, arbitrary: anyEvent.map((event) => [rendered(event)]) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => [Buffer.from(bytes)]) },
    ),
    { minLength: 1, maxLength: 12 },
  )
  .map((each): (string | Buffer)[] => each.flat());

const updated: Json = {
  type: 'session.updated',
  session: {
    audio: {
      input: {
        format: { type: 'audio/pcm', rate: 24_000 },
        turn_detection: { type: 'server_vad', create_response: true },
      },
      output: { format: { type: 'audio/pcm', rate: 24_000 }, voice: 'marin' },
    },
  },
};

const plan: fc.Arbitrary<OddPlan> = fc.record({
  before: fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(jsonText(mutated(anyEvent)), { maxLength: 3 }) },
  ),
  confirmation: fc.oneof(
    { weight: 6, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: mutated(fc.constant(updated)).map(rendered) },
  ),
  after: events,
  ending: fc.constantFrom('stay', 'stay', 'stay', 'close', 'break'),
});

test(
  'whatever the AI says, the call can be hung up, has one verdict, and its record can be read',
  async () => {
    await fc.assert(
      fc.asyncProperty(plan, async (said) => {
        countRun('calls with an odd AI');
        openai.plan = said;
        const callId = await fuzz.bridge.place();
        await until(() => openai.openSockets > 0 || isOver(callId), { timeoutMs: 8_000 });
        await new Promise((resolve) => setTimeout(resolve, 3 * said.after.length));

        await fuzz.expectEnded(callId);

        for (const view of ['events?after=0', 'transcript']) {
          const answer = await fuzz.bridge.request('GET', `/api/ai-calls/${callId}/${view}`, undefined, {
            accept: 'application/json',
          });
          expect(answer.status).toBe(200);
        }
        await fuzz.bridge.telnyx.allLegsDown();
        await until(() => openai.openSockets === 0, { timeoutMs: 8_000 });
        await fuzz.expectSound();
      }),
      budget(30),
    );
    const usage = await fuzz.bridge.request('GET', '/api/ai-calls/usage');
    expect(usage.status).toBe(200);
  },
  LIMIT_MS,
);

function isOver(callId: string): boolean {
  return fuzz.bridge.app.calls.active().every((call) => call.callId !== callId);
}
