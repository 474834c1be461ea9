// Everything that goes wrong on purpose during the soak: what each fault does to the plan of a call, or to the simulators
// at the moment when the call is placed.

import { aiFailures } from '../src/simulator/simulated-openai/ai-failures';
import type { AiTurn } from '../src/simulator/simulated-openai/ai-script';
import type { SimulatedOpenai } from '../src/simulator/simulated-openai/simulated-openai';
import type { PhoneScript, PhoneStep } from '../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../src/simulator/simulated-telnyx/simulated-leg';
import type { SimulatedTelnyx } from '../src/simulator/simulated-telnyx/simulated-telnyx';

/** The far ends of the server. */
export type Simulators = { readonly telnyx: SimulatedTelnyx; readonly openai: SimulatedOpenai };

/** How webhooks of a call travel. */
export type WebhookTrouble = 'lost' | 'late' | 'doubled' | 'reordered';

/** What a fault changes. */
export type Fault = {
  /** In the callee's phone. */
  readonly phone?: Partial<PhoneScript>;
  /** What the callee does in the middle of the conversation. */
  readonly step?: PhoneStep;
  /** In the AI's second turn, on the first session of the call only. */
  readonly turn?: Partial<AiTurn>;
  readonly webhooks?: WebhookTrouble;
  /** At the simulators when the call is placed; meets whichever call comes first. */
  readonly arm?: (simulators: Simulators) => void;
  /** On the callee's leg some time after the answer. */
  readonly strike?: (leg: SimulatedLeg) => void;
};

const down = { kind: 'status', httpStatus: 500 } as const;

// Of the carrier's API, for all calls that are there.
const OUTAGE_MS = 1_500;

/** The faults by name; `none` is one of them, as ordinary calls have to be among the others. */
export const FAULTS = {
  none: {},
  'busy callee': { phone: { outcome: 'busy' } },
  'no answer': { phone: { outcome: 'no-answer', ringMs: 4_000 } },
  'declined call': { phone: { outcome: 'reject' } },
  'AI connection dropped': { turn: { breaks: { afterMs: 600, how: 'drop' } } },
  'AI connection half-open': { turn: { breaks: { afterMs: 600, how: 'freeze' } } },
  'AI session expired': { turn: { breaks: { afterMs: 300, how: 'expire' } } },
  'AI response stalled': { turn: { breaks: { afterMs: 0, how: 'stall' } } },
  'AI silent after speech': { turn: { unanswered: true } },
  'AI rate limited': { turn: { fail: aiFailures.rateLimit(300), say: [] } },
  'AI server error': { turn: { fail: aiFailures.serverError(), say: [] } },
  'AI refuses connection': { arm: ({ openai }) => openai.failNextConnection({ kind: 'http', status: 503 }) },
  'AI resets connection': { arm: ({ openai }) => openai.failNextConnection({ kind: 'reset' }, 2) },
  'AI connects late': { arm: ({ openai }) => openai.failNextConnection({ kind: 'slow', delayMs: 3_000 }) },
  'AI never connects': { arm: ({ openai }) => openai.failNextConnection({ kind: 'hang' }) },
  'stream cut': { strike: (leg) => leg.dropStream() },
  'stream cut and back': { strike: (leg) => leg.dropStream({ reconnectsAfterMs: 400 }) },
  'stream cut for good': { phone: { restarts: { kind: 'fails' } }, strike: (leg) => leg.dropStream() },
  'stream stalled': { step: { do: 'stall' } },
  'stream never starts': { phone: { stream: { kind: 'never', times: 1 } } },
  'stream starts late': { phone: { stream: { kind: 'late', afterMs: 2_000 } } },
  'stream fails': { phone: { stream: { kind: 'fails', times: 2 } } },
  'call vanishes': { strike: (leg) => leg.vanish() },
  'webhooks lost': { webhooks: 'lost' },
  'webhooks late': { webhooks: 'late' },
  'webhooks doubled': { webhooks: 'doubled' },
  'webhooks reordered': { webhooks: 'reordered' },
  'dial refused': { arm: ({ telnyx }) => telnyx.failNext('dial', { kind: 'status', httpStatus: 403, code: '10010' }) },
  'dial fails once': { arm: ({ telnyx }) => telnyx.failNext('dial', down) },
  'dial answer lost': { arm: ({ telnyx }) => telnyx.failNext('dial', { kind: 'reset', stillPlacesCall: true }) },
  'dial hangs': { arm: ({ telnyx }) => telnyx.failNext('dial', { kind: 'hang' }) },
  'hang-up fails': { arm: ({ telnyx }) => telnyx.failNext('hangup', down, 3) },
  'hang-up hangs': { arm: ({ telnyx }) => telnyx.failNext('hangup', { kind: 'hang' }) },
  'carrier API down': { arm: ({ telnyx }) => interrupt(telnyx) },
} as const satisfies Readonly<Record<string, Fault>>;

/** The name of a fault. */
export type FaultName = keyof typeof FAULTS;

/** All names. */
export const FAULT_NAMES = Object.keys(FAULTS) as [FaultName, ...FaultName[]];

function interrupt(telnyx: SimulatedTelnyx): void {
  telnyx.outage = { kind: 'reset' };
  setTimeout(() => {
    telnyx.outage = undefined;
  }, OUTAGE_MS);
}
