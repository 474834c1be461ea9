// What tests of calls whose AI is 60 ms away have in common: a callee and an AI of tones, and an ear for them.

import { rms, tone } from '../../src/simulator/pcm';
import type { AiTurn } from '../../src/simulator/simulated-openai/ai-script';
import type { SimulatedSession } from '../../src/simulator/simulated-openai/simulated-session';
import { type PhoneStep } from '../../src/simulator/simulated-telnyx/phone-script';
import type { SimulatedLeg } from '../../src/simulator/simulated-telnyx/simulated-leg';
import { dominantToneHz } from '../support/audio-fixtures';
import { TestBridge } from '../support/test-bridge';
import { until } from '../support/until';

export const NETWORK_DELAY_MS = 60;

export const FRAME_MS = 20;
export const FRAME_SAMPLES = 160;
export const PHONE_RATE_HZ = 8000;

/** Of the AI's tones as the simulator makes them. */
export const TONE_RMS = (0.3 * 32_767) / Math.SQRT2;

/** Who is heard by which tone: the callee; the AI with words it was given, with its answers, and with its first turn. */
export const CALLEE_HZ = 400;
export const GIVEN_HZ = 700;
export const ANSWER_HZ = 1_100;
export const FIRST_HZ = 1_500;
export const AI_TONES = [GIVEN_HZ, ANSWER_HZ, FIRST_HZ];

/** Whole frames for each character, so that what is heard of a text can be told to the frame. */
export const GIVEN_MS_PER_CHARACTER = 80;
export const GREETING = 'Good morning, this is Anna from the bakery.';
export const GREETING_MS = GREETING.length * GIVEN_MS_PER_CHARACTER;

export const ANSWER_MS = 600;
export const ANSWER: AiTurn = { say: [{ toneHz: ANSWER_HZ, ms: ANSWER_MS, text: 'I see.' }] };

/** Detection, thinking and the network take less than one second; giving up on an answer that never comes takes five. */
export const PROMPT_MS = 2_000;

/** The silence by which the end of the callee's words is noticed. */
export const SILENCE_MS = 500;

/** Of the time that something takes to become known everywhere on a busy machine. */
export const SLACK_MS = 300;

export type Sound = { readonly hz: number; readonly ms: number; readonly startMs: number; readonly endMs: number };
export type Turn = { speaker: string; text: string; isInterrupted: boolean };
export type Truncation = { audio_end_ms: number };

/** The server of the running test. */
export let bridge: TestBridge;

/** Gives each test of the file a server of its own. */
export function useSlowBridge(): void {
  beforeEach(async () => {
    bridge = await TestBridge.start({ env: { ALLOW_PRIVATE_URLS: 'true', VAD_SILENCE_MS: String(SILENCE_MS) } });
    bridge.openai.networkDelayMs = NETWORK_DELAY_MS;
    givenScript();
  });

  afterEach(async () => {
    await bridge.close();
  });
}

/** What the AI says; given words in a voice of their own, and one and the same answer to everything. */
export function givenScript(script: Parameters<typeof bridge.openai.setDefaultScript>[0] = {}): void {
  const exact = { toneHz: GIVEN_HZ, msPerCharacter: GIVEN_MS_PER_CHARACTER };
  bridge.openai.setDefaultScript({ exact, otherwise: ANSWER, ...script });
}

/** A call to a callee who does this. */
export async function call(
  steps: readonly PhoneStep[],
  body: Readonly<Record<string, unknown>> = {},
): Promise<{ callId: string; leg: SimulatedLeg; session: SimulatedSession }> {
  bridge.telnyx.setDefaultScript({ machineDetection: [], steps });
  const callId = await bridge.place(body);
  const leg = await bridge.telnyx.nextLeg();
  const session = await bridge.openai.nextSession();
  await bridge.entry(callId, 'stream.started');
  return { callId, leg, session };
}

export function words(ms: number): PhoneStep {
  return { do: 'tone', hz: CALLEE_HZ, ms };
}

export function calleeTone(ms: number): Int16Array {
  return tone({ hz: CALLEE_HZ, ms });
}

export async function transcript(callId: string): Promise<Turn[]> {
  return (await bridge.call(callId))['transcript'] as Turn[];
}

/** Resolves when the AI has finished so many turns. */
export async function assistantTurns(callId: string, count: number): Promise<void> {
  const turns = async (): Promise<Turn[]> =>
    (await transcript(callId)).filter(({ speaker }) => speaker === 'assistant');
  await until(async () => (await turns()).length >= count, { timeoutMs: 12_000 });
}

export function truncations(session: SimulatedSession): Truncation[] {
  return session.clientEvents
    .filter(({ type }) => type === 'conversation.item.truncate')
    .map(({ event }) => event as unknown as Truncation);
}

/** Lets so much of the call go by, on the phone's own time. */
export async function callMoves(leg: SimulatedLeg, ms: number): Promise<void> {
  const frames = leg.sent.length + ms / FRAME_MS;
  await until(() => leg.sent.length >= frames);
}

export function isLoud(pcm: Int16Array, frame: number): boolean {
  // A frame with less than a fifth of the tone is the end that the conversion of the AI's audio leaves.
  return rms(pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES)) > TONE_RMS * Math.sqrt(0.2);
}

/** What the callee heard, one voice after the other; pauses within one are left out of its length. */
export function soundsOf(leg: SimulatedLeg): Sound[] {
  const pcm = leg.heard();
  const sounds: Sound[] = [];
  for (let frame = 0; (frame + 1) * FRAME_SAMPLES <= pcm.length; frame += 1) {
    if (!isLoud(pcm, frame)) continue;
    const samples = pcm.subarray(frame * FRAME_SAMPLES, (frame + 1) * FRAME_SAMPLES);
    const hz = dominantToneHz(samples, AI_TONES, PHONE_RATE_HZ);
    const startMs = frame * FRAME_MS;
    const last = sounds.at(-1);
    if (last?.hz === hz) sounds[sounds.length - 1] = { ...last, ms: last.ms + FRAME_MS, endMs: startMs + FRAME_MS };
    else sounds.push({ hz, ms: FRAME_MS, startMs, endMs: startMs + FRAME_MS });
  }
  return sounds;
}

export function heardBy(leg: SimulatedLeg): { hz: number; ms: number }[] {
  return soundsOf(leg).map(({ hz, ms }) => ({ hz, ms }));
}

/** One voice, heard once from beginning to end. */
export function whole(hz: number, ms: number): { hz: number; ms: number }[] {
  return [{ hz, ms }];
}

/** When the callee's last words ended, on the time line of what they heard. */
export function lastSaidMs(leg: SimulatedLeg): number {
  const pcm = leg.said();
  let frame = Math.floor(pcm.length / FRAME_SAMPLES);
  while (frame > 0 && !isLoud(pcm, frame - 1)) frame -= 1;
  return frame * FRAME_MS;
}

/** How long the callee has been silent, once they have said something. */
export function silentSinceMs(leg: SimulatedLeg): number {
  const lastMs = lastSaidMs(leg);
  return lastMs === 0 ? 0 : (leg.said().length * 1_000) / PHONE_RATE_HZ - lastMs;
}

/** The callee did not have to wait for a voice that was due from `sinceMs` on. */
export function expectPrompt(leg: SimulatedLeg, hz: number, sinceMs: number): void {
  const sound = soundsOf(leg).findLast((candidate) => candidate.hz === hz);
  expect(sound!.startMs - sinceMs).toBeLessThan(PROMPT_MS);
}
