// Everything at once to one live call: commands, webhooks, the stream, the AI and the callee in any order. It has one
// life and one way out, whatever comes together.

import fc from 'fast-check';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import { until } from '../support/until';
import { budget, countRun, LIMIT_MS, tellCounts } from './fuzz-budget';
import { FuzzBridge } from './fuzz-bridge';

let fuzz: FuzzBridge;

beforeAll(async () => {
  fuzz = await FuzzBridge.start({ env: { CALLS_PER_SECOND: '1000', TRANSFER_SIP_DOMAINS: 'pbx.example.com' } });
  fuzz.bridge.telnyx.script('+12025550151', { ringMs: 20 });
  fuzz.bridge.telnyx.script('+12025550152', { outcome: 'busy', ringMs: 10 });
}, 30_000);

afterAll(async () => {
  await fuzz.close();
  tellCounts();
}, 30_000);

type Scene = {
  readonly callId: string;
  readonly leg: SimulatedLeg | undefined;
  readonly session: SimulatedSession | undefined;
};

/** What can happen to a call. None of it waits for the call to be in a state for it. */
const HAPPENINGS = {
  say: ({ callId }) => command(callId, 'say', { text: 'One moment.', when: 'now' }),
  sayLater: ({ callId }) => command(callId, 'say', { text: 'By the way.', when: 'next-pause', protect: true }),
  instruct: ({ callId }) => command(callId, 'instructions', { instructions: 'Be brief.' }),
  keys: ({ callId }) => command(callId, 'dtmf', { digits: '1w2' }),
  interrupt: ({ callId }) => command(callId, 'interrupt'),
  transfer: ({ callId }) => command(callId, 'transfer', { to: '+12025550151' }),
  transferToBusy: ({ callId }) => command(callId, 'transfer', { to: '+12025550152', announcement: 'I connect you.' }),
  hangUp: ({ callId }) => command(callId, 'hangup'),
  calleeHangsUp: ({ leg }) => leg?.hangUp(),
  calleePresses: ({ leg }) => leg?.dtmf('5'),
  calleeSpeaks: ({ leg }) => leg?.say(new Int16Array(1_600).fill(8_000)),
  streamBreaks: ({ leg }) => leg?.dropStream({ reconnectsAfterMs: 10 }),
  streamIsLost: ({ leg }) => leg?.dropStream(),
  sessionBreaks: ({ session }) => session?.drop(),
  carrierFails: () => fuzz.bridge.telnyx.failNext('hangup', { kind: 'status', httpStatus: 500 }),
  carrierResets: () => fuzz.bridge.telnyx.failNext('transfer', { kind: 'reset' }),
  aiRefuses: () => fuzz.bridge.openai.failNextConnection({ kind: 'reset' }),
  read: ({ callId }) => fuzz.bridge.request('GET', `/api/ai-calls/${callId}`),
} satisfies Record<string, (scene: Scene) => unknown>;

async function command(callId: string, name: string, body?: unknown): Promise<void> {
  const { status } = await fuzz.bridge.request('POST', `/api/ai-calls/${callId}/${name}`, body);
  expect([200, 202, 409, 502]).toContain(status);
}

const happening = fc.record({
  what: fc.constantFrom(...(Object.keys(HAPPENINGS) as (keyof typeof HAPPENINGS)[])),
  /** How long after the one before; most come together. */
  afterMs: fc.constantFrom(0, 0, 0, 1, 5, 30),
});

const world = fc.record({
  ringMs: fc.constantFrom(0, 20, 60),
  opening: fc.constantFrom('greet', 'wait-for-hello', 'silent'),
  duplicate: fc.boolean(),
  reorder: fc.boolean(),
  startsWhen: fc.constantFrom('at once', 'dialled', 'streaming'),
});

test(
  'a call to which anything happens ends once, with no leg up and no session open',
  async () => {
    const happenings = fc.array(happening, { minLength: 1, maxLength: 10 });
    await fc.assert(
      fc.asyncProperty(world, happenings, async ({ ringMs, opening, startsWhen, ...faults }, all) => {
        countRun('stormy calls');
        const { telnyx, openai, app } = fuzz.bridge;
        telnyx.setDefaultScript({ ringMs });
        telnyx.webhookFaults = faults;
        const before = { legs: telnyx.legs.length, sessions: openai.sessions.length };
        const callId = await fuzz.bridge.place({ opening });
        if (startsWhen === 'dialled') await until(() => telnyx.legs.length > before.legs);
        if (startsWhen === 'streaming') await fuzz.bridge.entry(callId, 'stream.started').catch(() => undefined);

        const pending: unknown[] = [];
        for (const { what, afterMs } of all) {
          if (afterMs > 0) await new Promise((resolve) => setTimeout(resolve, afterMs));
          const leg = telnyx.legs[before.legs];
          pending.push(HAPPENINGS[what]({ callId, leg, session: openai.sessions[before.sessions] }));
        }
        await Promise.all(pending);

        await fuzz.expectEnded(callId);
        telnyx.webhookFaults = {};
        await app.calls.whenIdle();
        await telnyx.allLegsDown(15_000);
        await until(() => openai.liveSessions().length === 0, { timeoutMs: 8_000 });
        await fuzz.expectSound();
      }),
      budget(25),
    );
  },
  LIMIT_MS,
);
