// What tests of silent and of long calls have in common: an AI whose every speech is a tone of its own, and an ear for them.

import type { AiScript, AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import type { PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { toneAmplitude } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

export const FRAME_MS = 20;

// The first and the last frame of a tone may hold too little of it to be recognised.
export const EDGES_MS = 2 * FRAME_MS;

// Of a machine that is busy with other tests: how much longer than it should a reaction may take.
export const SLACK_MS = 1_000;

export const OPENING_HZ = 700;
export const FIRST_HZ = 1_100;
export const GOODBYE_HZ = 1_600;
export const ANSWER_HZ = 2_200;
export const TURN_MS = 600;
export const CALLEE_HZ = 500;

export const OPENING = speech(OPENING_HZ);
export const FIRST = speech(FIRST_HZ);
export const GOODBYE = speech(GOODBYE_HZ);

/** Opens, and says two more things when it is asked to: a question or a warning, and a goodbye. */
export const AI: AiScript = { asked: [OPENING, FIRST, GOODBYE], otherwise: speech(ANSWER_HZ) };

/** Hears an utterance to its end. */
export const LISTEN: readonly PhoneStep[] = [{ do: 'wait-for-speech' }, { do: 'wait-for-silence', silenceMs: 400 }];

export const SAY_SOMETHING: PhoneStep = { do: 'tone', hz: CALLEE_HZ, ms: 600 };

/** The server of the running test. */
export let bridge: TestBridge;

/** Gives each test of the file a server of its own. */
export function useBridge(): void {
  beforeEach(async () => {
    bridge = await TestBridge.start();
    bridge.openai.setDefaultScript(AI);
  });

  afterEach(async () => {
    await bridge.close();
  });
}

export function speech(toneHz: number, ms: number = TURN_MS): AiTurn {
  return { say: [{ toneHz, ms, text: `${toneHz} Hz` }] };
}

export function theLeg(): SimulatedLeg {
  return bridge.telnyx.legs[0]!;
}

export type Sound = { readonly startMs: number; readonly endMs: number; readonly totalMs: number };

/** Where the callee heard a tone. */
export function heard(hz: number): Sound {
  return sound(theLeg().heard(), hz);
}

/** Where a tone sounds in a recording of the line, and how long in all, to the frame. */
export function sound(pcm: Int16Array, hz: number): Sound {
  const frameSamples = FRAME_MS * 8;
  const frames = Array.from({ length: Math.floor(pcm.length / frameSamples) }, (_, index) => index);
  const loud = frames.filter((index) => {
    const frame = pcm.subarray(index * frameSamples, (index + 1) * frameSamples);
    return toneAmplitude(frame, { hz, sampleRateHz: 8_000 }) > 2_000;
  });
  const [first = Number.NaN] = loud;
  const last = loud.at(-1) ?? Number.NaN;
  return { startMs: first * FRAME_MS, endMs: (last + 1) * FRAME_MS, totalMs: loud.length * FRAME_MS };
}

export function expectWhole({ totalMs }: Sound, ms: number = TURN_MS): void {
  expect(totalMs).toBeGreaterThanOrEqual(ms - EDGES_MS);
}

/** The steps that the timeline has of one kind of entry. */
export function stepsOf(record: Record<string, unknown>, type: string): unknown[] {
  return (record['timeline'] as { type: string; step?: string }[])
    .filter((entry) => entry.type === type)
    .map(({ step }) => step);
}

export function mediaFrames(): number {
  return theLeg().sent.filter(({ event }) => event === 'media').length;
}

export async function expectNothingLeft(): Promise<void> {
  await bridge.telnyx.allLegsDown();
  await until(() => bridge.openai.liveSessions().length === 0);
  expect(theLeg().violations).toEqual([]);
  expect(bridge.openai.sessions[0]!.violations).toEqual([]);
}
