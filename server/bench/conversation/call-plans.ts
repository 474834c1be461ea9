// The calls of the conversation bench as data: what the AI says, and when the callee cuts in. Every call is different, in
// a way that is the same in every run.

import type { AiSpeech, AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import type { PhoneScript, PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';

/** How a response is made, and when it is interrupted. */
export type ResponseKind = {
  readonly name: string;
  readonly turn: AiTurn;
  /** Between these, milliseconds after the callee begins to hear it, the callee cuts in. */
  readonly fromMs: number;
  readonly untilMs: number;
};

/** One call. */
export type CallPlan = {
  readonly index: number;
  /** In the order of the responses, all of which are interrupted. */
  readonly kinds: readonly ResponseKind[];
  readonly phone: PhoneScript;
  readonly networkDelayMs: number;
};

/** How many calls there are, and what they go through. */
export type PlanOptions = {
  readonly calls: number;
  /** So many more calls, over a network that delays the frames of the carrier's stream by this or a little more. */
  readonly delayedCalls: number;
  readonly networkDelayMs: number;
  readonly interruptions: number;
};

// Loud enough for every detector, and apart from the callee's tone.
const AI_TONE_HZ = 700;
const CALLEE_TONE_HZ = 500;
const CALLEE_TONE_MS = 300;

// The greeting is made within a second, and the phone rings longer than that.
const RING_MS = 1_200;

// The callee's word is over and the line quiet before the next response is listened for.
const PAUSE_MS = 300;

// Long enough for what still comes of the last interruption.
const LAST_WORD_MS = 500;

// What the callee does is timed in frames of the line: the moments are spread over that many of them.
const SPREAD = 16;

// In the simulator the callee's frames leave when the played ones begin: without a delay every clear meets a frame that
// has just begun, the worst that can happen. Delays that differ meet frames at all their moments.
const DELAY_STEPS = 5;
const DELAY_STEP_MS = 2;

// Every length ends in the middle of a frame: the few samples of a filter's tail never make it one frame longer.
const SEVERAL_MS = [310, 530, 710, 4_010] as const;

/** All ways in which a response is interrupted; each call goes through some of them in turn. */
export const RESPONSE_KINDS: readonly ResponseKind[] = [
  { name: 'one item', turn: { say: items(6_010) }, fromMs: 200, untilMs: 2_500 },
  { name: 'several items', turn: { say: items(...SEVERAL_MS) }, fromMs: 200, untilMs: 2_200 },
  { name: 'all made at once', turn: { say: items(2_510, 2_010), speedup: Infinity }, fromMs: 200, untilMs: 3_500 },
  { name: 'still being made', turn: { say: items(410, 8_010), speedup: 1.5 }, fromMs: 250, untilMs: 2_000 },
  { name: 'late audio', turn: { say: items(...SEVERAL_MS), speedup: 3, deltaLagMs: 80 }, fromMs: 250, untilMs: 1_200 },
  // The last word is at the carrier by then, and the callee's is noticed some 100 ms after its beginning.
  { name: 'all at the carrier', turn: { say: items(1_210, 610) }, fromMs: 1_500, untilMs: 1_620 },
];

/** The plans of all calls. */
export function callPlans({ calls, delayedCalls, networkDelayMs, interruptions }: PlanOptions): CallPlan[] {
  const delayOf = (index: number): number =>
    index < calls ? 0 : networkDelayMs + ((index - calls) % DELAY_STEPS) * DELAY_STEP_MS;

  return Array.from({ length: calls + delayedCalls }, (_, index) => {
    const kinds = Array.from({ length: interruptions }, (_entry, turn) => kindOf(index + turn));

    return { index, kinds, ...phoneOf(kinds, { index, networkDelayMs: delayOf(index) }) };
  });
}

function kindOf(index: number): ResponseKind {
  return RESPONSE_KINDS[index % RESPONSE_KINDS.length] as ResponseKind;
}

function phoneOf(
  kinds: readonly ResponseKind[],
  { index, networkDelayMs }: Pick<CallPlan, 'index' | 'networkDelayMs'>,
): Pick<CallPlan, 'phone' | 'networkDelayMs'> {
  const steps = kinds.flatMap((kind, turn) => cutIn(momentOf(kind, index, turn)));

  return {
    networkDelayMs,
    phone: {
      ringMs: RING_MS,
      networkDelayMs,
      steps: [...steps, { do: 'wait', ms: LAST_WORD_MS }, { do: 'hang-up' }],
    },
  };
}

/** Spread evenly over the calls that interrupt this kind, without their order in it. */
function momentOf({ fromMs, untilMs }: ResponseKind, index: number, turn: number): number {
  return fromMs + ((untilMs - fromMs) * ((index * 7 + turn * 3) % SPREAD)) / SPREAD;
}

function cutIn(afterMs: number): PhoneStep[] {
  return [
    { do: 'wait-for-speech' },
    { do: 'wait', ms: afterMs },
    { do: 'tone', hz: CALLEE_TONE_HZ, ms: CALLEE_TONE_MS },
    { do: 'wait-for-clear', timeoutMs: 2_000 },
    { do: 'wait', ms: PAUSE_MS },
  ];
}

function items(...lengthsMs: readonly number[]): AiSpeech[] {
  return lengthsMs.map((ms) => ({ toneHz: AI_TONE_HZ, ms, text: 'One two three.' }));
}
