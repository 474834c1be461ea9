/** Lays out one response as steps on the timeline of its own audio, before any of it is sent. */
import type { AiFunctionCall, AiSpeech } from './ai-script';
import type { AudioFormat } from './session-schemas';
import type { SpeechSource, SpokenAudio } from './speech-source';

/** Which kind of output item a step belongs to. */
export type OutputKind = 'audio' | 'text' | 'function_call';

/** One step; `dueMs` is how much of the response's audio comes before it. */
export type PlanStep = { readonly dueMs: number; readonly outputIndex: number } & (
  | { readonly kind: 'start'; readonly output: OutputKind; readonly call?: AiFunctionCall }
  | { readonly kind: 'text'; readonly delta: string }
  | { readonly kind: 'audio'; readonly base64: string; readonly ms: number }
  | { readonly kind: 'end'; readonly status?: 'incomplete' }
);

/** What a response is to contain. */
export type PlanRequest = {
  readonly say: readonly AiSpeech[];
  readonly modality: 'audio' | 'text';
  readonly format: AudioFormat;
  readonly calls: readonly AiFunctionCall[];
  /** Whether the calls come before the speech. */
  readonly areCallsFirst: boolean;
};

/** Plans a response. */
export function planResponse(request: PlanRequest, source: SpeechSource): readonly PlanStep[] {
  const { say, calls, areCallsFirst } = request;
  const speech = planSpeech({ request, source, firstIndex: areCallsFirst ? calls.length : 0 });
  const firstCallIndex = areCallsFirst ? 0 : say.length;
  const dueMs = areCallsFirst ? 0 : speech.totalMs;
  const callPlans = calls.flatMap((call, index) => callSteps({ call, outputIndex: firstCallIndex + index, dueMs }));
  return areCallsFirst ? [...callPlans, ...speech.steps] : [...speech.steps, ...callPlans];
}

type WholeSpeech = { readonly steps: readonly PlanStep[]; readonly totalMs: number };

function planSpeech(plan: { request: PlanRequest; source: SpeechSource; firstIndex: number }): WholeSpeech {
  const { request, source, firstIndex } = plan;
  const steps: PlanStep[] = [];
  let atMs = 0;
  let endOfPrevious: PlanStep | undefined;
  for (const [index, speech] of request.say.entries()) {
    const outputIndex = firstIndex + index;
    const spoken = source.speak(speech, request.format);
    const own = speechSteps({ spoken, modality: request.modality, outputIndex, atMs });
    // With several audio items the end of one may come after the first delta of the next, as on the real server.
    steps.push(...withLateEnd(own, endOfPrevious));
    atMs += spoken.totalMs;
    endOfPrevious = { kind: 'end', outputIndex, dueMs: atMs };
  }
  if (endOfPrevious !== undefined) steps.push(endOfPrevious);
  return { steps, totalMs: atMs };
}

type SpeechPlan = {
  readonly spoken: SpokenAudio;
  readonly modality: 'audio' | 'text';
  readonly outputIndex: number;
  readonly atMs: number;
};

function speechSteps({ spoken, modality, outputIndex, atMs }: SpeechPlan): PlanStep[] {
  const steps: PlanStep[] = [{ kind: 'start', output: modality, outputIndex, dueMs: atMs }];
  const deltas = splitText(spoken.text, spoken.chunks.length);
  let dueMs = atMs;
  for (const [index, chunk] of spoken.chunks.entries()) {
    const delta = deltas[index] ?? '';
    if (delta !== '') steps.push({ kind: 'text', delta, outputIndex, dueMs });
    if (modality === 'audio') steps.push({ kind: 'audio', ...chunk, outputIndex, dueMs });
    dueMs += chunk.ms;
  }
  return steps;
}

function withLateEnd(steps: readonly PlanStep[], end: PlanStep | undefined): readonly PlanStep[] {
  if (end === undefined) return steps;
  const firstDelta = steps.findIndex((step) => step.kind === 'audio' || step.kind === 'text');
  const audioAt = steps.findIndex((step) => step.kind === 'audio');
  const index = (audioAt >= 0 ? audioAt : firstDelta) + 1;
  return [...steps.slice(0, index), end, ...steps.slice(index)];
}

function callSteps(plan: { call: AiFunctionCall; outputIndex: number; dueMs: number }): PlanStep[] {
  const { call, outputIndex, dueMs } = plan;
  const half = Math.ceil(call.arguments.length / 2);
  const deltas = [call.arguments.slice(0, half), call.arguments.slice(half)].filter((delta) => delta !== '');
  return [
    { kind: 'start', output: 'function_call', call, outputIndex, dueMs },
    ...deltas.map((delta): PlanStep => ({ kind: 'text', delta, outputIndex, dueMs })),
    { kind: 'end', outputIndex, dueMs, ...(call.incomplete === true ? { status: 'incomplete' } : {}) },
  ];
}

/** Spreads the words of a text over a number of deltas, in order and without loss. */
function splitText(text: string, parts: number): readonly string[] {
  const words = text.match(/\s*\S+/g) ?? [];
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.round((part * words.length) / parts);
    return words.slice(from, Math.round(((part + 1) * words.length) / parts)).join('');
  });
}
